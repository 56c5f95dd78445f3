import { expect, test } from 'vitest'
import { seededRandom } from '../../../test/vectors/vectors.ts'
import { Wheel } from '../../net/wheel.ts'
import { crc32 } from '../../protocol/middle/checksum.ts'
import type { MiddleKnowledge } from './middle-directory.ts'
import { MiddleProxies } from './middle-proxies.ts'

const at = (host: string) => [{ kind: 'tcp' as const, host, port: 8888 }]
const CLIENT = {
  transport: 'padded' as const,
  client: { address: Buffer.alloc(4), port: 1 },
  adTag: undefined,
}

function proxies(knowledge: Partial<MiddleKnowledge>, unknown: 'refuse' | number = 'refuse') {
  const dialled: number[] = []
  const made = new MiddleProxies(
    { directory: { prefer: 'ipv4', unknown_dc: unknown }, patience: 1000, probe: 60_000 },
    { secret: Buffer.alloc(32, 1), table: {}, publicAddresses: [], ...knowledge },
    {
      wheel: new Wheel(),
      crc32,
      random: seededRandom('proxies'),
      unixSeconds: () => 0,
      unixMilliseconds: () => 0,
      now: () => 0,
      dial: async (dc) => {
        dialled.push(dc)
        return { ok: false, failure: 'refused' }
      },
    },
    { connections() {}, ready() {}, probed() {}, failed() {}, odd() {} },
  )
  return { link: (dc: number) => made.link(dc, undefined, CLIENT), dialled }
}

const table = { 2: at('192.0.2.2'), 4: at('192.0.2.4'), '-4': at('192.0.2.40') }

test.each([
  ['its own entry', 4, 4],
  ['media have their own', -4, -4],
  ['media without an entry', -2, 2],
  ['the default of the list for what it does not have', 5, 2],
  ['and for its media', -5, 2],
])('a centre leads to %s', async (_name, dc, used) => {
  const { link, dialled } = proxies({ table, defaultDc: 2 })
  await link(dc)
  expect(dialled).toEqual([used])
})

test('what the operator says of unknown centres goes before the list', async () => {
  const { link, dialled } = proxies({ table, defaultDc: 2 }, 4)
  await link(77)
  expect(dialled).toEqual([4])
})

test.each([
  ['a list without a default', { table }, 5],
  ['a default without an entry', { table, defaultDc: 3 }, 5],
  ['a test centre, which the default is not', { table, defaultDc: 2 }, 10_002],
])('no entry: %s', async (_name, knowledge, dc) => {
  const { link, dialled } = proxies(knowledge)
  expect(await link(dc)).toEqual({ ok: false, failure: 'no_entry' })
  expect(dialled).toEqual([])
})
