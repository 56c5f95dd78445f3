import type { Endpoint } from '../../net/endpoint.ts'
import type { MiddleTable } from './middle-directory.ts'

/**
 * What https://core.telegram.org/getProxySecret has answered for years: no secret, but a number that tells proxies from
 * chance. It serves until the first download, and where there is none.
 */
export const BUILT_IN_SECRET: Buffer = Buffer.from(
  [
    'c4f9faca9678e6bb48ad6c7e2ce5c0d24430645d554addeb55419e034da62721',
    'd046eaab6e52ab14a95a443ecfb3463e79a05a66612adf9caeda8be9a80da698',
    '6fb0a6ff387af84d88ef3a6413713e5c3377f6e1a3d47d99f5e0c56eece8f05c',
    '54c490b079e31bef82ff0ee8f2b0a32756d249c5f21269816cb7061b265db212',
  ].join(''),
  'hex',
)

const at = (host: string, port = 8888): Endpoint => ({ kind: 'tcp', host, port })

/** As mtprotoproxy carries it; getProxyConfig replaces it. */
export const BUILT_IN_TABLE: MiddleTable = {
  1: [at('149.154.175.50'), at('2001:b28:f23d:f001::d')],
  2: [at('149.154.161.144'), at('2001:67c:4e8:f002::d', 80)],
  3: [at('149.154.175.100'), at('2001:b28:f23d:f003::d')],
  4: [at('91.108.4.136'), at('2001:67c:4e8:f004::d')],
  '-4': [at('149.154.165.109'), at('2001:67c:4e8:f004::d')],
  5: [at('91.108.56.183'), at('2001:b28:f23f:f005::d')],
  203: [at('91.105.192.110', 443)],
}

/** As getProxyConfig says it: centres that are not listed are reached through this one's middle proxies. */
export const BUILT_IN_DEFAULT = 2
