import { InitMemory } from '../access/init-memory.ts'
import { RememberedInits, restoreInits } from '../access/remembered-inits.ts'
import type { Config } from '../config/schema.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { deleteSegments, readSegments, SegmentLog } from '../state/segment-log.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import { initFolder } from './state-files.ts'

/** What is older makes room in the memory long before in most cases; files may not grow for ever. */
const KEEP_SECONDS = 60 * 86_400

/** Whether some listener allows clients without FakeTLS. */
export function allowsPlain({ listener }: Pick<Config, 'listener'>): boolean {
  return listener.some(({ modes }) => modes.some((mode) => mode !== 'tls'))
}

/** Brings back the inits of earlier runs, before anybody listens, and says what such listeners cost. */
export function restoreInitMemory(config: Config, shared: SharedArrayBuffer, log: Log): void {
  if (!allowsPlain(config)) return
  log.warn(
    'clients without FakeTLS are allowed: they can be recognised on the wire, and their listener told from the site',
    {
      listeners: config.listener
        .filter(({ modes }) => modes.some((mode) => mode !== 'tls'))
        .map(({ address }) => formatEndpoint(address)),
    },
  )
  const folder = initFolder(config.state.dir)
  try {
    deleteSegments(folder, unixSeconds() - KEEP_SECONDS)
    const inits = restoreInits(readSegments(folder), new InitMemory(shared))
    log.debug('inits of earlier runs are known', { inits })
  } catch (error) {
    log.error('inits of earlier runs are not known: copies of them would be let in', { error })
  }
}

/** A worker's view of the memory, with its own descriptor of the log. */
export function openInitMemory(config: Config, shared: SharedArrayBuffer, log: Log): RememberedInits {
  let failing = false
  const segments = new SegmentLog(initFolder(config.state.dir), {
    unixSeconds,
    failed: (error) => {
      if (!failing) log.error('inits are remembered in memory only: their log cannot be written', { error })
      failing = true
    },
    recovered: () => {
      failing = false
    },
  })
  return new RememberedInits(new InitMemory(shared), segments)
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
