// needs: caddy openssl

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { startCaddy } from '../world/fronts/caddy.ts'
import { makeChain } from '../world/fronts/chain.ts'
import { startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { recordedProfile } from './recorded-profile.ts'

const DOMAIN = 'www.example.org'
const MIB = 1024 * 1024
const PIECE = 4096
/** With its content type and the tag. */
const FULL = PIECE + 17

/** A site whose page comes in records of 4 KiB, as nginx sends it with `ssl_buffer_size 4k`. */
async function smallRecordSite() {
  const chain = makeChain(temporaryFolder('small-records'), DOMAIN)
  const identity = { key: readFileSync(chain.key), cert: readFileSync(chain.fullChain) }
  const server = createServer(identity, (socket: TLSSocket) => {
    const say = (pieces: number): void => {
      if (pieces === 0) socket.end()
      else socket.write(Buffer.alloc(PIECE), () => say(pieces - 1))
    }
    socket.on('error', () => {})
    socket.once('data', () => say(8))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' ? address!.port : 0 }
}

test('downstream records are as large as those of the site', async ({ expect }) => {
  const { server, port } = await smallRecordSite()
  const dataCentre = await startDataCentreProcess()
  const front = { host: '127.0.0.1', port }
  const portico = await startPortico({ config: { domain: DOMAIN, front, dataCentre }, built: true })
  try {
    await recordedProfile(portico, ({ fullRecord }) => fullRecord === FULL)
    const client = await ScriptedClient.connect({
      host: portico.host,
      port: portico.port,
      secret: Buffer.from(ALICE, 'hex'),
    })
    await client.handshake({ domain: DOMAIN })
    await client.command({ kind: 'firehose', bytes: MIB, seed: 1, then: 'keep' })
    await client.readHash(MIB)
    expect(Math.max(...client.recordSizes)).toBe(FULL)
    expect(Math.min(...client.recordSizes)).toBeGreaterThanOrEqual(18)
    client.socket.close()
  } finally {
    await portico.stop()
    await dataCentre.stop()
    server.close()
  }
})

/** Of Go's first record on a connection: 1,186 bytes, their content type and the tag. */
const GO_STEP = 1186

test('downstream records grow as those of a Go front do', async ({ expect }) => {
  const root = temporaryFolder('long-page')
  writeFileSync(join(root, 'index.html'), 'x'.repeat(60_000))
  const [front, dataCentre] = await Promise.all([
    startCaddy({ domain: DOMAIN, root }),
    startDataCentreProcess(),
  ])
  const portico = await startPortico({
    config: { domain: DOMAIN, front: front.endpoint, dataCentre },
    built: true,
  })
  try {
    await recordedProfile(portico, ({ rampStep }) => rampStep === GO_STEP)
    const client = await ScriptedClient.connect({ ...portico, secret: Buffer.from(ALICE, 'hex') })
    await client.handshake({ domain: DOMAIN })
    await client.command({ kind: 'firehose', bytes: MIB, seed: 1, then: 'keep' })
    await client.readHash(MIB)
    const places = client.recordSizes.map((_, index) => Math.min(17 + GO_STEP * (index + 1), 16_401))
    expect(client.recordSizes.filter((size, index) => size > places[index]!)).toEqual([])
    expect(client.recordSizes[0]).toBe(17 + GO_STEP)
    expect(client.recordSizes).toContain(16_401)
    client.socket.close()
  } finally {
    await portico.stop()
    await dataCentre.stop()
    await front.stop()
  }
})
