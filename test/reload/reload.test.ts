import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LiveUser, ReloadReport } from '../../src/control/answers.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import { metricSum } from '../world/metrics.ts'
import { NODE, ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE, type PorticoSetup, porticoToml } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { EchoSession } from './echo-session.ts'
import { ask, reloadAfter, replaceFile, status } from './reload-control.ts'

const DOMAIN = 'www.example.org'
const BOB = '00112233445566778899aabbccddeeff'

let dataCentre: DataCentreProcess
let portico: Portico
beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})
afterEach(async () => {
  await portico?.kill9()
})
afterAll(async () => {
  await dataCentre?.stop()
})

function text(port: number, more: Partial<PorticoSetup> = {}): string {
  return porticoToml({ domain: DOMAIN, front: 'built-in', dataCentre, ...more }, port)
}

async function start(more: Partial<PorticoSetup> = {}): Promise<Portico> {
  portico = await startPortico({ config: (port) => text(port, more) })
  return portico
}

const door = () => ({ host: portico.host, port: portico.port, domain: DOMAIN })
const write = (more: Partial<PorticoSetup>) => replaceFile(portico.file, text(portico.port, more))

function command(...words: string[]): string {
  const program = ['--disable-sigusr1', join(ROOT, 'src', 'cli', 'main.ts')]
  const env = { PATH: process.env.PATH ?? '', PORTICO_PROCESS_WORKERS: '2' }
  return execFileSync(NODE, [...program, ...words, '--config', portico.file], { env, encoding: 'utf8' })
}

test('a replaced file is in force by itself: users come and go, what stays is not touched', async () => {
  await start()
  const alice = await EchoSession.open(door(), ALICE)
  const added = await reloadAfter(portico, () => write({ users: { alice: ALICE, bob: BOB } }))
  expect(added).toMatchObject({ trigger: 'file', result: 'applied', changed: ['users.bob'], restart: [] })
  const bob = await EchoSession.open(door(), BOB)
  const live = await ask<LiveUser[]>(portico, 'users')
  expect(live).toEqual([
    { name: 'alice', sessions: 1 },
    { name: 'bob', sessions: 1 },
  ])
  await reloadAfter(portico, () => write({ users: { alice: ALICE } }))
  expect(await bob.over).toBeTypeOf('number')
  await expect(EchoSession.open(door(), BOB)).rejects.toThrow()
  await alice.stop()
  expect(await alice.over).toBeUndefined()
})

test('an invalid file changes nothing and says why; the next valid one is taken', async () => {
  await start()
  const refused = await reloadAfter(portico, () => write({ tables: '[limits]\nsesions = 5\n' }))
  expect(refused).toMatchObject({ result: 'refused', changed: [] })
  expect(refused.problems[0]).toMatch(
    /^portico\.toml:\d+:1 limits\.sesions: unknown key; did you mean "sessions"\?$/,
  )
  await (await EchoSession.open(door(), ALICE)).stop()
  expect((await reloadAfter(portico, () => write({ tables: '[limits]\nsessions = 5\n' }))).changed).toEqual([
    'limits.sessions',
  ])
  const metrics = await portico.metrics()
  expect(metricSum(metrics, 'portico_config_reloads_total', { result: 'refused' })).toBe(1)
  expect(metricSum(metrics, 'portico_config_reloads_total', { result: 'applied' })).toBe(1)
})

test('an editor that truncates first, a users file, and links that are turned as in a ConfigMap', async () => {
  await start({ top: 'users_file = "people.toml"' })
  const people = join(portico.dir, 'people.toml')
  const added = await reloadAfter(portico, () => {
    writeFileSync(people, '')
    writeFileSync(people, `[users.bob]\nsecret = "${BOB}"\n`)
  })
  expect(added).toMatchObject({ result: 'applied', changed: ['users.bob'] })

  const [one, two] = [join(portico.dir, '..one'), join(portico.dir, '..two')]
  for (const folder of [one, two]) mkdirSync(folder)
  const current = readFileSync(portico.file, 'utf8')
  writeFileSync(join(one, 'portico.toml'), current)
  writeFileSync(
    join(two, 'portico.toml'),
    current.replace('[telegram]', 'maintenance = true\n[telegram]').replace(/\[front\]/, '[front]'),
  )
  writeFileSync(join(two, 'portico.toml'), `maintenance = true\n${current}`)
  symlinkSync('..one', join(portico.dir, '..data'))
  rmSync(portico.file)
  symlinkSync('..data/portico.toml', portico.file)
  await waitFor(
    'the link to be followed',
    async () => (await status(portico)).reloads.at(-1)?.result === 'unchanged',
  )
  const turned = await reloadAfter(portico, () => {
    symlinkSync('..two', join(portico.dir, '..data.new'))
    renameSync(join(portico.dir, '..data.new'), join(portico.dir, '..data'))
  })
  expect(turned).toMatchObject({ result: 'applied', changed: ['maintenance'] })
})

test('HUP and the command; what changes nothing touches nothing', async () => {
  await start()
  const hup = await reloadAfter(portico, () => portico.signal('SIGHUP'))
  expect(hup).toMatchObject({ trigger: 'signal', result: 'unchanged' })
  expect(command('reload')).toBe('Nothing has changed.\n')
  expect(JSON.parse(command('reload', '--json')) as ReloadReport).toMatchObject({ trigger: 'command' })
  expect(command('status')).toContain('unchanged')
})

test('a listener moves: the new one is open before the old one goes, its sessions stay', async () => {
  await start({
    tables: '[[listener]]\naddress = "127.0.0.1:1"\n'.replace('1"', `${await freePort('127.0.0.1')}"`),
  })
  const [old = 0] = (await status(portico)).listeners.map((address) => Number(address.split(':')[1])).slice(1)
  const moved = await freePort('127.0.0.1')
  const before = await EchoSession.open({ ...door(), port: old }, ALICE)
  const listener = (port: number) => ({ tables: `[[listener]]\naddress = "127.0.0.1:${port}"\n` })
  expect((await reloadAfter(portico, () => write(listener(moved)))).changed).toEqual(['listener'])
  const after = await EchoSession.open({ ...door(), port: moved }, ALICE)
  await waitFor('the old port to close', () =>
    EchoSession.open({ ...door(), port: old }, ALICE).then(
      () => false,
      () => true,
    ),
  )
  await before.stop()
  await after.stop()
  expect(await before.over).toBeUndefined()
})

test('an address that another program has refuses the whole of it', async () => {
  await start()
  const taken = dataCentre.port
  const refused = await reloadAfter(portico, () =>
    write({ users: { alice: ALICE, bob: BOB }, tables: `[[listener]]\naddress = "127.0.0.1:${taken}"\n` }),
  )
  expect(refused).toMatchObject({ result: 'refused', problems: [expect.stringContaining(String(taken))] })
  await expect(EchoSession.open(door(), BOB)).rejects.toThrow()
  await (await EchoSession.open(door(), ALICE)).stop()
})

test('what only a restart brings in is named, the rest is taken', async () => {
  await start()
  const report = await reloadAfter(portico, () =>
    write({ top: 'maintenance = true', tables: '[state]\ndir = "elsewhere"\n' }),
  )
  expect(report).toMatchObject({ result: 'applied', changed: ['maintenance'], restart: ['state.dir'] })
})

test('log, metrics and data centres change while sessions go on', async () => {
  await start()
  const alice = await EchoSession.open(door(), ALICE)
  const logFile = join(portico.dir, 'portico.log')
  const tables = `[log]\nfile = "portico.log"\nlevel = "debug"\n[metrics]\nper_user = true\n`
  expect(
    (await reloadAfter(portico, () => write({ tables, telegramKeys: 'dial_timeout = "4s"' }))).changed,
  ).toEqual(['telegram.dial_timeout', 'metrics.per_user', 'log.level', 'log.file'])
  await (await EchoSession.open(door(), ALICE)).stop()
  await waitFor('debug lines in the file', () => readFileSync(logFile, 'utf8').includes('"level":"debug"'))
  await waitFor(
    'the user in the metrics',
    async () => metricSum(await portico.metrics(), 'portico_user_bytes_total', { user: 'alice' }) > 0,
  )
  await alice.stop()
  expect(await alice.over).toBeUndefined()
})

test('a front changes: new clients get the new one, sessions stay', async () => {
  await start()
  const alice = await EchoSession.open(door(), ALICE)
  const front = await reloadAfter(portico, () => write({ domain: 'new.example.org' }))
  expect(front.changed).toEqual(['front.domain'])
  const fresh = await EchoSession.open({ ...door(), domain: 'new.example.org' }, ALICE)
  for (const session of [alice, fresh]) {
    await session.stop()
    expect(await session.over).toBeUndefined()
  }
})

test('users removed with --drain keep their sessions, and no new one begins', async () => {
  await start({ users: { alice: ALICE, bob: BOB } })
  const bob = await EchoSession.open(door(), BOB)
  expect(command('user', 'remove', 'bob', '--drain', '1h')).toBe('bob is removed\n')
  await expect(EchoSession.open(door(), BOB)).rejects.toThrow()
  const trips = bob.trips
  await waitFor('the session to go on', () => bob.trips > trips + 3)
  await bob.stop()
})
