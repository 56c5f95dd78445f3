// needs: turnserver

import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { askStun } from '../../src/net/stun.ts'
import { knownAddresses } from '../../src/server/known-addresses.ts'
import { freePort } from '../world/free-port.ts'
import { findProgram } from '../world/fronts/find-program.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { type ListeningProcess, startListening } from './listening-process.ts'

let coturn: ListeningProcess

beforeAll(async () => {
  const port = await freePort()
  const dir = temporaryFolder('coturn')
  const file = join(dir, 'turnserver.conf')
  const lines = [
    `listening-port=${port}`,
    'listening-ip=127.0.0.1',
    'listening-ip=::1',
    'stun-only',
    'no-tls',
    'no-dtls',
    'no-cli',
    'log-file=stdout',
    `pidfile=${join(dir, 'pid')}`,
    `userdb=${join(dir, 'db')}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  coturn = await startListening(findProgram('turnserver', 'coturn'), ['-c', file], port)
})

afterAll(async () => {
  await coturn?.stop('SIGKILL')
})

test('coturn says under which address it sees us, in either family', async () => {
  expect(await askStun('127.0.0.1', coturn.port)).toBe('127.0.0.1')
  expect(await askStun('::1', coturn.port)).toBe('::1')
})

test('what is configured is asked, and only where nothing else tells', async () => {
  // As coturn would, of somebody behind NAT.
  const server = createSocket('udp4')
  server.on('message', (request, { port, address }) => {
    const answer = Buffer.from(`0101000c2112a442${'00'.repeat(12)}0020000800010000e721c04b`, 'hex')
    request.copy(answer, 8, 8, 20)
    server.send(answer, port, address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const file = join(temporaryFolder('stun'), 'portico.toml')
  const known = async (stun: string, addresses: Record<string, string[]> = {}) => {
    writeFileSync(
      file,
      `[front]\ndomain = "www.example.org"\naddress = "127.0.0.1:8443"\n[telegram.middle]\nstun = ${stun}\n[users.a]\nsecret = "${ALICE}"\n`,
    )
    const loaded = loadConfig(file, {})
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    return knownAddresses(loaded.config, {
      interfaceAddresses: () => [{ address: '10.0.0.5', family: 'ipv4' }],
      addresses: async (name) => addresses[name] ?? [],
    })
  }
  const at = `["stun.example.org:${server.address().port}"]`
  const there = { 'stun.example.org': ['127.0.0.1'] }
  expect(await known('"off"', there)).toEqual([])
  expect(await known(at, there)).toEqual(['198.51.100.9'])
  expect(await known(at, { ...there, 'www.example.org': ['203.0.113.5'] })).toEqual(['203.0.113.5'])
  server.close()
})
