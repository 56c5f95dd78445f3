import type { Endpoint } from '../../net/endpoint.ts'
import type { ProxyConfig } from '../../protocol/middle/proxy-config.ts'

/** Addresses of middle proxies by the number of their data centre; negative for media. Structured-cloneable. */
export type MiddleTable = Readonly<Record<string, readonly Endpoint[]>>

/** All that a worker must know of middle proxies. Structured-cloneable. */
export interface MiddleKnowledge {
  /** 32 to 256 bytes. */
  readonly secret: Uint8Array
  readonly table: MiddleTable
  /** The number whose entry serves centres that have none, as the list of middle proxies names it. */
  readonly defaultDc?: number | undefined
  /** Of this host, as the Internet sees it. */
  readonly publicAddresses: readonly string[]
}

/** The tables of several texts as one: IPv4 and IPv6 of a data centre stand together. */
export function tableOf(configs: readonly ProxyConfig[]): MiddleTable {
  const table: Record<string, Endpoint[]> = {}
  for (const { proxies } of configs) {
    for (const [dc, addresses] of proxies) {
      const endpoints = addresses.map(({ host, port }): Endpoint => ({ kind: 'tcp', host, port }))
      table[dc] = [...(table[dc] ?? []), ...endpoints]
    }
  }
  return table
}

/** The default of the first list that names one. */
export function defaultOf(configs: readonly ProxyConfig[]): number | undefined {
  return configs.find(({ defaultDc }) => defaultDc !== undefined)?.defaultDc
}

/** Later tables replace whole entries of earlier ones. */
export function mergeTables(...tables: readonly MiddleTable[]): MiddleTable {
  return Object.assign({}, ...tables) as MiddleTable
}
