// needs: nginx openssl

import { test } from 'vitest'
import { genuineHello, strangeHello } from '../probes/hellos.ts'
import { play } from '../probes/matrix.ts'
import { inScene } from '../probes/scene.ts'
import { recordedProfile } from './recorded-profile.ts'

const OTHER = { domain: 'other.example.net' }
const PATIENCE = 1500

test.concurrent('a name that is not served is refused as the front refuses it, a user’s is served', ({
  expect,
}) =>
  inScene('nginx', { frontKeys: 'unknown_sni = "reject"' }, async ({ pair, portico, secret }) => {
    await recordedProfile(portico, ({ manners }) => manners?.toUnknownName !== undefined)
    const hello = strangeHello(OTHER)
    const [direct, refused] = await Promise.all(
      [pair.direct, portico].map((to) => play((client) => client.send(hello), to, PATIENCE)),
    )
    expect(refused!.bytes.toString('hex')).toBe('15030300020270')
    expect([refused!.bytes, refused!.end]).toEqual([direct!.bytes, direct!.end])

    const served = await play((client) => client.send(genuineHello(secret, OTHER)), portico, PATIENCE)
    expect(served.bytes[0]).toBe(0x16)
  }))

test.concurrent('or dropped without a word', ({ expect }) =>
  inScene('nginx', { frontKeys: 'unknown_sni = "drop"' }, async ({ portico }) => {
    const dropped = await play((client) => client.send(strangeHello(OTHER)), portico, PATIENCE)
    expect([dropped.bytes.length, dropped.end]).toEqual([0, 'fin'])
    const site = await play((client) => client.send(strangeHello()), portico, PATIENCE)
    expect(site.bytes[0]).toBe(0x16)
  }))
