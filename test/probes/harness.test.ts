import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Front } from '../world/fronts/front.ts'
import { DOMAIN, strangeHello } from './hellos.ts'
import { compareGenuine, compareStrangers, type Pair, play, table } from './matrix.ts'
import { startPlainPipe } from './plain-pipe.ts'
import { STRANGERS } from './strangers.ts'
import { startStrictNginx } from './strict-nginx.ts'

/** What the comparison is worth: a front is equal to itself, and what is not faithful is told. */

let front: Front

beforeAll(async () => {
  front = await startStrictNginx(DOMAIN)
})

afterAll(() => front.stop())

const pairWith = (portico: Pair['portico']): Pair => ({
  direct: front.endpoint,
  portico,
  patience: 4500,
  flightRecords: 4,
})

test('nginx does not differ from itself', async () => {
  const differences = await compareStrangers(STRANGERS, pairWith(front.endpoint))
  expect(differences, table('nginx', differences)).toEqual([])
})

const FINS = ['hello and FIN, tdlib', 'hello and FIN, darwin', 'hello and FIN, legacy']

test('two pipes differ where they lose a half-close', async () => {
  const pipe = await startPlainPipe(front.endpoint)
  const probes = STRANGERS.filter(({ name }) => [...FINS, 'hello, tdlib', 'plain HTTP'].includes(name))
  const differences = await compareStrangers(probes, pairWith(pipe))
  pipe.stop()
  expect(differences.map(({ probe }) => probe).sort()).toEqual([...FINS].sort())
})

test('a relay with a timer of its own differs where the front waits longer', async () => {
  const pipe = await startPlainPipe(front.endpoint, 300)
  const waits = ['hello, tdlib', 'silence']
  const probes = STRANGERS.filter(({ name }) => [...waits, 'plain HTTP'].includes(name))
  const differences = await compareStrangers(probes, pairWith(pipe))
  pipe.stop()
  expect(differences.map(({ probe }) => probe).sort()).toEqual(waits)
})

test('an answer that was not sealed is told, and so is a wrong end', async () => {
  const script = () => strangeHello()
  const probes = [
    {
      name: 'hello',
      make: () => ({ script: (c: { send(b: Buffer): void }) => c.send(script()), sealed: () => false }),
    },
  ]
  const differences = await compareGenuine(probes, pairWith(front.endpoint))
  expect(differences.map(({ portico }) => portico).join()).toContain('not sealed')

  const { end, bytes } = await play(
    (client) => client.send(Buffer.from('16030100050b00000100', 'hex')),
    front.endpoint,
    4500,
  )
  expect({ end, bytes: bytes.toString('hex') }).toEqual({ end: 'fin', bytes: '1503030002020a' })
})
