import { hash } from 'node:crypto'
import { basename } from 'node:path'
import type { SharedIpList } from '../../access/ip-list/ip-lists.ts'
import type { Config } from '../../config/schema.ts'
import { isListUrl } from '../../config/schema-lists.ts'
import { NOT_AMONG_ONLY_LABEL } from '../../telemetry/run-time-metrics.ts'

const MAX_NAME = 40

export interface ListSource {
  readonly rule: SharedIpList['rule']
  readonly kind: 'url' | 'file'
  /** A URL, which may carry a token of its owner's and is therefore never shown, or an absolute path. */
  readonly location: string
  /** Short and unique, for logs and metrics: `firehol_level1` of `https://lists.example/firehol_level1.netset`. */
  readonly name: string
  /** The file of its last good copy. */
  readonly copy: string
}

/** The lists as configured: those of `block`, then those of `only`. */
export function listSources({ block, only }: Pick<Config['lists'], 'block' | 'only'>): ListSource[] {
  const taken = new Set([NOT_AMONG_ONLY_LABEL])
  const source = (rule: ListSource['rule'], location: string): ListSource => {
    const name = unique(shortName(location), taken)
    taken.add(name)
    const kind = isListUrl(location) ? 'url' : 'file'
    return { rule, kind, location, name, copy: `${hash('sha256', location).slice(0, 16)}.netset` }
  }
  return [
    ...block.map((location) => source('block', location)),
    ...only.map((location) => source('only', location)),
  ]
}

/** The last part of the path without its ending; a host where the path is empty. */
function shortName(location: string): string {
  const url = isListUrl(location) ? URL.parse(location) : null
  const path = url === null ? location : url.pathname.replace(/\/+$/, '') || url.hostname
  const last = basename(path).replace(/(.)\.[A-Za-z]+$/, '$1')
  return last.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, MAX_NAME)
}

function unique(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name}-${number}`)) number++
  return `${name}-${number}`
}
