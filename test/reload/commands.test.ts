import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { parseLink } from '../../src/protocol/link.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { NODE, ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'
import { EchoSession } from './echo-session.ts'
import { status } from './reload-control.ts'

const DOMAIN = 'www.example.org'
const PROGRAM = ['--disable-sigusr1', join(ROOT, 'src', 'cli', 'main.ts')]
const ENV = { PATH: process.env.PATH ?? '', TERM: 'xterm', PORTICO_PROCESS_WORKERS: '2' }

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

async function start(): Promise<Portico> {
  portico = await startPortico({ config: { domain: DOMAIN, front: 'built-in', dataCentre } })
  return portico
}

const door = (domain = DOMAIN) => ({ host: portico.host, port: portico.port, domain })

function run(...words: string[]): string {
  const args = [...PROGRAM, ...words, '--config', portico.file]
  return execFileSync(NODE, args, { env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

/** The same at a terminal of its own. */
function atTerminal(...words: string[]): string {
  const line = [NODE, ...PROGRAM, ...words, '--config', portico.file].map((word) => `'${word}'`).join(' ')
  return spawnSync('script', ['-qec', line, '/dev/null'], { env: ENV, encoding: 'utf8' }).stdout
}

function secretIn(links: string): string {
  const parsed = parseLink(/tg:\S+/.exec(links)?.[0] ?? '')
  if (!parsed.ok) throw new Error(links)
  return parsed.link.secret.key.toString('hex')
}

test('a user who is added is let in when the command ends; a disabled one is refused, and that is told', async () => {
  await start()
  const secret = secretIn(run('user', 'add', 'bob'))
  const bob = await EchoSession.open(door(), secret)
  expect((await status(portico)).reloads.at(-1)).toMatchObject({ changed: ['users.bob'] })
  await waitFor('the session in the list', () => {
    const rows = JSON.parse(run('user', 'list', '--json')) as { name: string; sessions: number }[]
    return rows.find(({ name }) => name === 'bob')?.sessions === 1
  })
  run('user', 'disable', 'bob')
  expect(await bob.over).toBeTypeOf('number')
  await expect(EchoSession.open(door(), secret)).rejects.toThrow()
  await waitFor('the refusal', () => run('user', 'show', 'bob').includes('disabled, from'))
  await waitFor('what bob has used', () => /UP[\s\S]*bob +disabled +0 +\d/.test(run('user', 'list')))
  expect(atTerminal('user', 'list')).toMatch(/bob +disabled/)
  expect(atTerminal('status')).toContain('reload ')
})

test('rotate: the old secret goes on working for its time, or ends at once', async () => {
  await start()
  const first = secretIn(run('user', 'rotate', 'alice', '--overlap', '1h'))
  const [old, fresh] = [await EchoSession.open(door(), ALICE), await EchoSession.open(door(), first)]
  run('user', 'rotate', 'alice')
  expect(await fresh.over).toBeTypeOf('number')
  await old.stop()
  expect(await old.over).toBeUndefined()
})

test('move: both names are served, and who comes by the old one is known', async () => {
  await start()
  expect(run('move', '--domain', 'new.example.org')).toContain(Buffer.from('new.example.org').toString('hex'))
  const sessions = [
    await EchoSession.open(door('new.example.org'), ALICE),
    await EchoSession.open(door(), ALICE),
  ]
  const onOld = () => JSON.parse(run('user', 'list', '--on-old-link', '--json')) as { name: string }[]
  await waitFor('alice on the old link', () => onOld()[0]?.name === 'alice', 20_000)
  for (const session of sessions) await session.stop()
  await (await EchoSession.open(door('new.example.org'), ALICE)).stop()
  await waitFor('nobody on the old link', () => onOld().length === 0, 20_000)
})

test('a backup of a running portico is whole elsewhere', async () => {
  await start()
  const session = await EchoSession.open(door(), ALICE, 1)
  await waitFor(
    'usage to be kept',
    () => /alice +enabled +1 +\d+(?:\.\d)? [KM]iB/.test(run('user', 'list')),
    20_000,
  )
  const archive = join(portico.dir, 'b.tar.gz')
  expect(run('backup', archive)).toBe(`${archive}\n`)
  await session.stop()
  const elsewhere = join(temporaryFolder('restored'), 'portico.toml')
  mkdirSync(join(elsewhere, '..'), { recursive: true })
  execFileSync(NODE, [...PROGRAM, 'restore', archive, '--config', elsewhere], { env: ENV, stdio: 'pipe' })
  expect(readFileSync(elsewhere, 'utf8')).toBe(readFileSync(portico.file, 'utf8'))
  const args = [...PROGRAM, 'user', 'list', '--json', '--config', elsewhere]
  const [alice] = JSON.parse(execFileSync(NODE, args, { env: ENV, encoding: 'utf8' })) as { up: number }[]
  expect(alice?.up).toBeGreaterThan(0)
})
