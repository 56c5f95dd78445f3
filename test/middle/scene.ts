import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import type { DataCentreAddress } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'

export const DOMAIN = 'www.example.org'
export const TAG = 'a1a2a3a4a5a6a7a8a9aaabacadaeafb0'
const DATA_CENTRES = [1, 2, 3, 4, 5, 203]

/** Where nobody listens: downloads fail, and what was given stays. */
const NOWHERE = 'http://127.0.0.1:1/'

/** The `[telegram.middle]` of a portico that knows these middle proxies for every data centre, and no others. */
export function middleTable(secret: Buffer, addresses: readonly DataCentreAddress[]): string {
  const file = join(temporaryFolder('middle'), 'secret')
  writeFileSync(file, secret)
  const list = addresses.map(({ host, port }) => `"${host.includes(':') ? `[${host}]` : host}:${port}"`)
  return `
[telegram.middle]
secret_file = "${file}"
config_url = "${NOWHERE}getProxyConfig"
[telegram.middle.addresses]
${DATA_CENTRES.map((dc) => `${dc} = [${list.join(', ')}]\n-${dc} = [${list.join(', ')}]`).join('\n')}
`
}

export function middleOf(...proxies: readonly FakeMiddleProxy[]): string {
  return middleTable(proxies[0]!.secret, proxies)
}
