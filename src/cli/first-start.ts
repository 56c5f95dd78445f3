import type { FirstFile } from './first-file.ts'
import { firstDomain, firstFileText, firstPort, freshSecret, writeFirstFile } from './first-file.ts'
import type { PortProbes } from './port-trouble.ts'
import { serverAddress } from './server-address.ts'
import type { Surroundings } from './surroundings.ts'

export interface RunOptions {
  readonly file?: string | undefined
  readonly domain?: string | undefined
  readonly listen?: string | undefined
  readonly front?: string | undefined
}

/** What the first start tells about its choices. */
export interface FirstStart {
  readonly domainNote: string
  readonly portNote: string | undefined
  /** Set where the server's address is not one that the Internet reaches. */
  readonly addressNote: string | undefined
}

type Around = Pick<Surroundings, 'env' | 'lookups' | 'interfaceAddresses' | 'defaultRouteAddress'>

/** Makes the first configuration at `path`. @throws FirstFileError */
export async function firstStart(
  path: string,
  options: RunOptions,
  around: Around,
  probes: PortProbes,
): Promise<FirstStart> {
  const { env } = around
  const server = await serverAddress(around)
  const listen = options.listen ?? given(env.PORTICO_LISTEN)
  const port = listen === undefined ? await firstPort(probes) : undefined
  const domain = options.domain ?? given(env.PORTICO_FRONT_DOMAIN)
  const name =
    domain === undefined ? await firstDomain(server.address, around.lookups) : { domain, note: 'as you said' }
  const file: FirstFile = {
    listen: listen ?? String(port?.port),
    publicHost: given(env.PORTICO_PUBLIC_HOST) ?? server.address,
    domain: name.domain,
    front:
      options.front ?? given(env.PORTICO_FRONT_ADDRESS) ?? (domain === undefined ? 'built-in' : undefined),
    secret: freshSecret(),
  }
  writeFirstFile(path, firstFileText(file))
  const unreachable = `${server.address} is not a public address: from outside this network the link works only once public_host says one that leads here`
  return {
    domainNote: name.note,
    portNote: port?.note,
    addressNote: server.isPublic || file.publicHost !== server.address ? undefined : unreachable,
  }
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
