import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_LIST_BYTES } from '../../access/ip-list/parse-ip-list.ts'
import type { FetchText } from '../../net/fetch-text.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import type { KeptList } from './kept-list.ts'
import { firstRefresh, nextRefresh } from './refresh-clock.ts'

/** Milliseconds for one download: a big list over a slow line. */
const FETCH_TIMEOUT = 60_000

export interface FetchedListDependencies {
  readonly log: Log
  readonly fetchText: FetchText
  /** Milliseconds of Unix time. */
  now(): number
  /** From 0 to below 1. */
  random(): number
}

/** Keeps a list up to date from its URL until `stopped`. @param refresh milliseconds between two downloads, about */
export async function keepFetching(
  list: KeptList,
  refresh: number,
  stopped: AbortSignal,
  dependencies: FetchedListDependencies,
): Promise<void> {
  const { now, random } = dependencies
  let wait = firstRefresh(refresh, list.freshAt, now(), random())
  for (let failures = 0; await passed(wait, stopped); wait = nextRefresh(refresh, failures, random())) {
    const problem = await fetchOnce(list, stopped, dependencies)
    failures = problem === undefined ? 0 : failures + 1
    if (problem === undefined || stopped.aborted) continue
    dependencies.log.warn('ip list: not refreshed, what was good stays', {
      list: list.source.name,
      entries: list.entries,
      failures,
      ...problem,
    })
  }
}

async function fetchOnce(
  list: KeptList,
  signal: AbortSignal,
  { fetchText, now }: FetchedListDependencies,
): Promise<{ code: string; message?: string } | undefined> {
  // Without anything in use, "the same as before" would be no answer.
  const validators = list.ranges === undefined ? {} : list.validators
  const options = { validators, limit: MAX_LIST_BYTES, timeout: FETCH_TIMEOUT, signal }
  const answer = await fetchText(list.source.location, options)
  if (answer.state === 'failed') return { code: answer.code, message: answer.message }
  if (answer.state === 'unchanged') {
    await list.confirm()
    return undefined
  }
  const refused = await list.take({ text: answer.text, validators: answer.validators, freshAt: now() })
  return refused === undefined ? undefined : { code: refused }
}

/** False when stopped meanwhile. */
export async function passed(milliseconds: number, stopped: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal: stopped, ref: false })
    return true
  } catch {
    return false
  }
}
