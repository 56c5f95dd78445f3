import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMtcute } from '../clients/mtcute.ts'
import { ScriptedClient } from '../clients/scripted.ts'
import { waitFor } from '../wait-for.ts'
import { contentBytes, contentHash } from './content.ts'
import { FakeDataCentre } from './fake-data-centre.ts'
import { type DataCentreProcess, startDataCentreProcess } from './start-process.ts'

const MIB = 1 << 20
const FRAMINGS = ['abridged', 'intermediate', 'padded'] as const

let near: FakeDataCentre
let far: DataCentreProcess

beforeAll(async () => {
  ;[near, far] = await Promise.all([FakeDataCentre.start(), startDataCentreProcess()])
})

afterAll(async () => {
  await Promise.all([near.stop(), far.stop()])
})

test('mtcute makes a key, asks for the configuration, uploads and downloads', async () => {
  const { host, port, rsaKey } = far
  const client = openMtcute({ route: { kind: 'direct', host, port }, rsaKey })
  try {
    expect((await client.config()).dcOptions).toHaveLength(10)
    const up = await client.upload(8 * MIB, 1)
    const down = await client.download(8 * MIB, 2)
    expect(down).toEqual({ bytes: 8 * MIB, sha256: contentHash(2, 8 * MIB) })
    const seen = await far.counters()
    expect(seen.uploads[up.file]).toMatchObject({ bytes: 8 * MIB, sha256: up.sha256 })
    expect(seen.authKeys).toBe(1)
    expect(seen.records[0]).toMatchObject({ framing: 'intermediate', keyDc: 2 })
    expect(seen.records.map((record) => record.error)).toEqual(seen.records.map(() => undefined))
    expect(client.errors).toEqual([])
  } finally {
    await client.close()
  }
})

test.each(FRAMINGS)('echo inside %s', async (framing) => {
  const client = await ScriptedClient.connect(near)
  await client.command({ kind: 'echo' }, { framing, dc: -3 })
  const sent = randomBytes(100_000)
  await client.send(sent)
  expect((await client.read(sent.length)).equals(sent)).toBe(true)
  expect(near.counters().records.at(-1)).toMatchObject({ framing, dc: -3 })
  client.socket.close()
})

test('an init that comes byte by byte', async () => {
  const client = await ScriptedClient.connect(near)
  for (const byte of client.makeFirstData(Buffer.alloc(0))) await client.socket.send(Buffer.from([byte]))
  await waitFor('the init', () => near.counters().records.at(-1)?.dc === 2)
  expect(near.counters().records.at(-1)).toMatchObject({ framing: 'padded', received: 64 })
  client.socket.close()
})

test('firehose and sink', async () => {
  const taker = await ScriptedClient.connect(near)
  await taker.command({ kind: 'firehose', bytes: 3 * MIB + 7, seed: 5, then: 'fin' })
  expect(await taker.readHash(3 * MIB + 7)).toBe(contentHash(5, 3 * MIB + 7))
  expect(await taker.socket.readToEnd()).toEqual({ bytes: Buffer.alloc(0), ending: 'fin' })
  taker.socket.close()

  const giver = await ScriptedClient.connect(near)
  await giver.command({ kind: 'sink', bytes: MIB, then: 'reset' })
  const content = contentBytes(6, 0, MIB)
  await giver.send(content)
  await giver.socket.readToEnd()
  expect(giver.socket.ending).toBe('reset')
})

test('an unknown auth key is answered with -404', async () => {
  const client = await ScriptedClient.connect(near)
  await client.socket.send(client.makeFirstData(Buffer.alloc(0), { framing: 'intermediate' }))
  await client.sendFrame(randomBytes(56))
  const answer = await client.read(8)
  expect([answer.readUInt32LE(0), answer.readInt32LE(4)]).toEqual([4, -404])
  client.socket.close()
})

test('stalls, refuses, accepts again, and ends as told', async () => {
  const client = await ScriptedClient.connect(near)
  await client.command({ kind: 'echo' })
  await waitFor('the init', () => near.counters().records.at(-1)?.dc === 2)
  near.stallAll()
  await client.send(Buffer.from('late'))
  await expect(client.read(4, 100)).rejects.toMatchObject({ code: 'read_timeout' })
  near.resumeAll()
  expect((await client.read(4)).toString()).toBe('late')

  await near.refuse()
  await expect(ScriptedClient.connect(near)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await near.accept()
  near.behave('reset')
  const doomed = await ScriptedClient.connect(near)
  await doomed.command({ kind: 'echo' })
  expect((await doomed.socket.readToEnd()).ending).toBe('reset')
  near.behave({ kind: 'firehose', bytes: 1000, seed: 4, then: 'keep' })
  const flooded = await ScriptedClient.connect(near)
  await flooded.socket.send(flooded.makeFirstData(Buffer.alloc(0)))
  expect(await flooded.readHash(1000)).toBe(contentHash(4, 1000))
  near.behave('normal')

  near.finishAll('fin')
  expect((await client.socket.readToEnd()).ending).toBe('fin')
  client.socket.close()
  flooded.socket.close()
})

test('content is the same from any offset', () => {
  const whole = contentBytes(3, 0, 5000)
  expect(contentBytes(3, 1234, 777).equals(whole.subarray(1234, 1234 + 777))).toBe(true)
  expect(contentHash(3, 5000)).toBe(createHash('sha256').update(whole).digest('hex'))
})
