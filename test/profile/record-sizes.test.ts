// needs: openssl

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type TLSSocket } from 'node:tls'
import { test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { startDataCentreProcess } from '../world/data-centre/start-process.ts'
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
