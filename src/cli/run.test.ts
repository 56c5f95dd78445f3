import { EventEmitter } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../config/schema.ts'
import type { ListenTrial } from '../net/try-listen.ts'
import type { ConfigSource } from '../server/reloading.ts'
import type { Running, ServeEvent } from '../server/supervisor.ts'
import { EXIT } from './exit-codes.ts'
import type { RunOptions } from './first-start.ts'
import { run } from './run.ts'
import type { Surroundings } from './surroundings.ts'

const ADDRESS = '203.0.113.7'
const NAME = 'static.7.113.0.203.clients.example'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-run-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

interface Scene {
  options?: RunOptions
  env?: Record<string, string>
  isTerminal?: boolean
  addresses?: string[]
  names?: string[]
  trials?: Record<number, ListenTrial>
  serving?: (config: Config) => Partial<Running>
  signals?: EventEmitter
  /** Sent as soon as somebody listens. */
  events?: ServeEvent[]
}

/** Runs the command with a server that stops as soon as it has been told of. */
async function play(scene: Scene = {}) {
  const {
    options = {},
    env = {},
    isTerminal = true,
    addresses = [ADDRESS],
    names = [NAME],
    trials = {},
  } = scene
  const written = { out: '', err: '' }
  const output = (to: 'out' | 'err') => ({
    write(text: string) {
      written[to] += text
    },
    isTerminal,
    columns: 200,
    colour: false,
  })
  const around: Surroundings = {
    env,
    cwd: dir,
    checkout: dir,
    version: '0.0.0',
    executable: '/usr/bin/node',
    stdout: output('out'),
    stderr: output('err'),
    lookups: {
      names: async (address) => (address === ADDRESS ? names : []),
      addresses: async (name) => (name === NAME ? [ADDRESS] : []),
    },
    interfaceAddresses: () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 'ipv6' : 'ipv4' })),
    defaultRouteAddress: async (family) =>
      addresses.find((address) => address.includes(':') === (family === 'ipv6')),
  }
  const served: Config[] = []
  const sources: ConfigSource[] = []
  const signals = scene.signals ?? new EventEmitter()
  const code = await run(options, around, {
    signals: signals as unknown as Pick<NodeJS.Process, 'on' | 'off'>,
    probes: {
      tryListen: async (_host, port) => trials[port] ?? 'free',
      portHolder: (port) => (trials[port] === 'taken' ? 'nginx (pid 812)' : undefined),
    },
    serve: async (config, { source }) => {
      served.push(config)
      if (source) sources.push(source)
      return {
        addresses: config.listener.map(({ address }) => address),
        stopped: Promise.resolve(0),
        apply: async () => ({ changed: [], restart: [] }),
        reload: async (trigger) => ({
          at: '',
          trigger,
          result: 'unchanged',
          changed: [],
          restart: [],
          problems: [],
          milliseconds: 0,
        }),
        stop() {},
        on(listener) {
          for (const event of scene.events ?? []) listener(event)
        },
        onSites: () => [],
        ...scene.serving?.(config),
      }
    },
  })
  return { code, ...written, served, sources, signals, file: join(dir, 'portico.toml') }
}

describe('the first start', () => {
  test('says what the contract says, in its order', async () => {
    const { code, out, file, served } = await play()
    const lines = out.split('\n')
    expect(code).toBe(0)
    expect(lines.slice(0, 3)).toEqual([
      `Wrote ${file} (new secret, user "default")`,
      'Serving 203.0.113.7:443, IPv4 only (this host has no IPv6)',
      `Name in the link: ${NAME} (this server's own DNS name)`,
    ])
    const secret = served[0]?.users.default?.secret
    expect(lines[3]).toBe(
      `tg://proxy?server=203.0.113.7&port=443&secret=ee${secret}${Buffer.from(NAME).toString('hex')}`,
    )
    expect(out).toMatch(/[▀▄█]{20}/)
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^Trial front: /),
      'Waiting for the first connection …',
      '',
    ])
    expect(served[0]).toMatchObject({ public_host: ADDRESS, front: { domain: NAME, address: 'built-in' } })
  })

  test('the file is for its owner alone', async () => {
    const { file } = await play()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toMatch(/^\[users.default\]\nsecret = "[0-9a-f]{32}"$/m)
  })

  test('a later start keeps the secret to itself', async () => {
    const first = await play()
    const { out, served } = await play()
    expect(out).toContain('Configuration: ')
    expect(out).toContain('Links: portico link')
    expect(out).not.toContain('tg://')
    expect(served[0]?.users).toEqual(first.served[0]?.users)
  })

  test('away from a terminal everything goes to standard error, and nobody waits', async () => {
    const { out, err } = await play({ isTerminal: false })
    expect(out).toBe('')
    expect(err).toContain('tg://proxy')
    expect(err).not.toContain('Waiting')
  })

  test('the journal gets no secret', async () => {
    const { err, served } = await play({ isTerminal: false, env: { JOURNAL_STREAM: '8:1' } })
    expect(err).toContain('Links: portico link')
    expect(err).not.toContain(served[0]?.users.default?.secret)
  })

  test.each([
    ['taken', 'Port 443 is taken by nginx (pid 812): using 8443'],
    ['forbidden', 'Port 443 needs a permission that this user lacks: using 8443'],
  ] as const)('port 443 %s', async (trial, line) => {
    const { out, served } = await play({ trials: { 443: trial } })
    expect(out).toContain(line)
    expect(served[0]?.listener[0]?.address).toMatchObject({ port: 8443 })
    expect(out).toContain('&port=8443&')
  })

  test('neither port', async () => {
    const { code, out, file } = await play({ trials: { 443: 'taken', 8443: 'taken' } })
    expect(code).toBe(EXIT.unavailable)
    expect(out).toContain('port 8443 is taken by nginx')
    expect(existsSync(file)).toBe(false)
  })

  test('without a name of its own, one that spells the address', async () => {
    const { out } = await play({ names: ['lies.example'] })
    expect(out).toContain(
      'Name in the link: 203-0-113-7.sslip.io (a name that sslip.io leads to this address)',
    )
  })

  test('a private address is said to be one', async () => {
    const { out } = await play({ addresses: ['10.0.0.5', 'fd00::5'] })
    expect(out).toContain('10-0-0-5.sslip.io')
    expect(out).toContain('10.0.0.5 is not a public address')
  })

  test('options are written down', async () => {
    const { out, served, file } = await play({
      options: { domain: 'www.example.org', listen: '127.0.0.1:1443', front: '127.0.0.1:8443' },
    })
    expect(served[0]).toMatchObject({
      listener: [{ address: { host: '127.0.0.1', port: 1443 } }],
      front: { domain: 'www.example.org', address: { port: 8443 } },
    })
    expect(out).toContain('Serving 127.0.0.1:1443\n')
    expect(out).not.toContain('Trial front')
    expect(readFileSync(file, 'utf8')).toContain('domain = "www.example.org"')
  })

  test('a place that cannot be written', async () => {
    writeFileSync(join(dir, 'plain'), '')
    const { code, out } = await play({ options: { file: 'plain/portico.toml' } })
    expect(code).toBe(EXIT.unavailable)
    expect(out).toContain('Cannot write')
  })
})

describe('a start with a file', () => {
  const refusing = (exitCode: number) => () => {
    throw Object.assign(new Error('listening failed'), { code: 'x', exitCode })
  }

  test('a taken port is never changed', async () => {
    await play()
    const { code, out } = await play({ trials: { 443: 'taken' }, serving: refusing(69) })
    expect(code).toBe(EXIT.unavailable)
    expect(out).toContain('Port 443 is taken by nginx (pid 812).')
  })

  test('without permission, the line that mends it', async () => {
    await play()
    const { code, out } = await play({ trials: { 443: 'forbidden' }, serving: refusing(77) })
    expect(code).toBe(EXIT.permission)
    expect(out).toContain('net.ipv4.ip_unprivileged_port_start=443')
    expect(out).toContain('setcap cap_net_bind_service=+ep /usr/bin/node')
  })

  test('another refusal is passed on', async () => {
    await play()
    const { code, out } = await play({ serving: refusing(75) })
    expect({ code, out }).toMatchObject({ code: 75, out: expect.stringContaining('listening failed') })
  })

  test('a bug is not swallowed', async () => {
    const serving = () => {
      throw new TypeError('a bug')
    }
    await expect(play({ serving })).rejects.toThrow('a bug')
  })

  test('options go over the file', async () => {
    await play()
    const { served } = await play({ options: { listen: '[::1]:1443' } })
    expect(served[0]?.listener).toMatchObject([{ address: { host: '::1', port: 1443 } }])
  })

  test('every built-in site is named, and no other', async () => {
    writeFileSync(
      join(dir, 'portico.toml'),
      `listen = "443"
[front]
domain = "${NAME}"
[[front.site]]
domain = "shop.example.org"
address = "built-in"
[[front.site]]
domain = "www.example.org"
address = "127.0.0.1:8443"
[users.alice]
secret = "8f0c4a1be27d5936a0c4f1e2d3b4a596"
`,
    )
    const { out } = await play()
    expect(out).toContain(`Trial front: a self-made certificate for ${NAME}, shop.example.org.`)
  })

  test('a folder for the built-in site that is not there, at the start and at each reload', async () => {
    writeFileSync(
      join(dir, 'portico.toml'),
      `listen = "443"
[front]
domain = "${NAME}"
root = "no-such-folder"
[log]
file = "portico.log"
[users.alice]
secret = "8f0c4a1be27d5936a0c4f1e2d3b4a596"
`,
    )
    const { out, sources } = await play()
    expect(out).toMatch(/^warning: front\.root \S*no-such-folder is no folder/m)
    expect(readFileSync(join(dir, 'portico.log'), 'utf8')).toContain('no-such-folder is no folder')
    const again = sources[0]!.load()
    expect(again.warnings).toContainEqual(expect.stringContaining('no-such-folder is no folder'))
  })

  test('a wrong one', async () => {
    writeFileSync(join(dir, 'portico.toml'), 'listn = 3\n')
    const { code, out, served } = await play()
    expect({ code, served }).toEqual({ code: EXIT.configuration, served: [] })
    expect(out).toContain('portico.toml:1:1 listn: unknown key; did you mean "listen"?')
  })
})

test('events and warnings reach the terminal', async () => {
  const { out } = await play({
    events: [{ type: 'session', user: 'default', address: '198.51.100.4', dc: 4, milliseconds: 41 }],
    serving: () => ({
      onSites: () => [{ type: 'warning', warning: { code: 'front_no_mlkem', message: 'The front is old.' } }],
    }),
  })
  expect(out).toContain('warning: The front is old.')
  expect(out).toContain('✓ default connected from 198.51.100.4 and reached Telegram (DC 4, 41 ms)')
})

test.each(['SIGTERM', 'SIGINT'])('%s stops, and the signals are let go of', async (signal) => {
  const signals = new EventEmitter()
  const stopped = Promise.withResolvers<number>()
  const { code } = await play({
    signals,
    serving: () => ({
      stopped: stopped.promise,
      stop: () => stopped.resolve(7),
      on: () => void signals.emit(signal),
    }),
  })
  expect(code).toBe(7)
  expect(signals.eventNames()).toEqual([])
})
