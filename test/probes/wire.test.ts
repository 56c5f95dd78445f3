import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Portico, startPortico } from '../world/portico.ts'
import { DOMAIN } from './hellos.ts'
import { type Difference, play, table } from './matrix.ts'
import type { Address } from './probe-client.ts'
import { type Seen, WireFront } from './wire-front.ts'
import { WIRES, type Wire } from './wires.ts'

const PATIENCE = 6000
const ATTEMPTS = 4

let front: WireFront
let portico: Portico

beforeAll(async () => {
  front = await WireFront.start()
  portico = await startPortico({ config: { domain: DOMAIN, front: front.address }, built: true })
})

afterAll(async () => {
  await portico.kill9()
  front.stop()
})

/** What the client and the front saw of each other. */
async function run(wire: Wire, to: Address): Promise<string> {
  const opening = wire.opening()
  const watching = front.watch(opening, wire.front, PATIENCE)
  const client = await play(wire.client(opening), to, PATIENCE)
  const seen = await Promise.race([watching, sleep(PATIENCE).then(() => undefined)])
  return `client saw ${client.bytes.length} bytes (${digest(client.bytes)}), ${client.end}; front saw ${told(seen)}`
}

function told(seen: Seen | undefined): string {
  return seen ? `${seen.received} bytes (${seen.sha256}), ${seen.ending}` : 'nobody'
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

async function compare(wire: Wire): Promise<Difference | undefined> {
  const seen = new Set<string>()
  let ours = ''
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    seen.add(await run(wire, front.address))
    ours = await run(wire, portico)
    if (seen.has(ours)) return undefined
  }
  return { probe: wire.name, direct: [...seen].join(' or '), portico: ours }
}

test('both ends see each other as without portico', async () => {
  const differences = (await Promise.all(WIRES.map(compare))).filter((one) => one !== undefined)
  expect(differences, table('a bare front', differences)).toEqual([])
})
