import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'
import { keptUsage } from './kept-usage.ts'

const domain = 'www.example.org'
const secret = Buffer.from(ALICE, 'hex')
const SIZE = 100_000

let dataCentre: DataCentreProcess
beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})
afterAll(() => dataCentre?.stop())

const running: Portico[] = []
afterEach(async () => {
  for (const portico of running.splice(0)) await portico.kill9()
})

async function start(stateDir: string): Promise<Portico> {
  const tables = `[state]\ndir = "${stateDir}"\n`
  const portico = await startPortico({ config: { domain, front: 'built-in', dataCentre, tables } })
  running.push(portico)
  return portico
}

/** One session of a known size. */
async function use({ host, port }: Portico): Promise<void> {
  const client = await ScriptedClient.connect({ host, port, secret })
  await client.handshake({ domain })
  await client.command({ kind: 'firehose', bytes: SIZE, seed: 1, then: 'keep' })
  await client.readHash(SIZE)
  client.socket.close()
}

async function health({ host, metricsPort }: Portico): Promise<string> {
  return (await fetch(`http://${host}:${metricsPort}/health/ready`)).text()
}

const degraded = async (portico: Portico, kind: string) =>
  metricSum(await portico.metrics(), 'portico_state_degraded', { kind })

function mountTmpfs(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'portico-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
    return path
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
}

const disk = mountTmpfs()
afterAll(() => {
  if (!disk) return
  execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true })
})

const ballast = join(disk ?? '', 'ballast')

/** Until not a byte more goes in. */
function fill(): void {
  for (const size of [1 << 16, 1 << 12]) {
    for (let n = 0; n < 300; n++) {
      try {
        writeFileSync(`${ballast}-${size}-${n}`, Buffer.alloc(size))
      } catch {
        break
      }
    }
  }
}

function makeRoom(): void {
  for (const name of readdirSync(disk!)) if (name.startsWith('ballast')) rmSync(join(disk!, name))
}

describe.runIf(disk)('a disk of its own (only where mounting is allowed)', () => {
  test('that is full: sessions go on, health and metrics tell, and nothing is lost when there is room', async () => {
    const stateDir = join(disk!, 'full')
    const portico = await start(stateDir)
    await use(portico)
    await waitFor('usage on disk', () => keptUsage(stateDir, 'alice').down === SIZE)
    fill()
    // The file has some room of its own: sessions are counted until it is used up.
    let sessions = 1
    await waitFor(
      'the disk to be missed',
      async () => {
        await use(portico)
        sessions++
        return (await degraded(portico, 'usage')) > 0
      },
      60_000,
    )
    expect(await health(portico)).toMatch(/^ok\nerror: usage is kept in memory only: full\n$/)
    expect(
      metricSum(await portico.metrics(), 'portico_state_errors_total', { kind: 'usage' }),
    ).toBeGreaterThan(0)
    await use(portico)
    sessions++
    const complaints = portico.log.filter(({ event }) => event.startsWith('usage is kept in memory only'))
    expect(complaints).toHaveLength(1)

    makeRoom()
    await waitFor('usage on disk again', async () => (await degraded(portico, 'usage')) === 0)
    expect(await health(portico)).toBe('ok\n')
    await portico.stop()
    expect(keptUsage(stateDir, 'alice')).toMatchObject({ down: sessions * SIZE, sessions, integrity: 'ok' })
  })

  test('that is read-only from the start: what was known is known, and what comes is added when it can be', async () => {
    const stateDir = join(disk!, 'read-only')
    const first = await start(stateDir)
    await use(first)
    await first.stop()
    execFileSync('mount', ['-o', 'remount,ro', disk!])
    const portico = await start(stateDir)
    await use(portico)
    expect(await health(portico)).toMatch(/usage is kept in memory only: read_only/)
    expect(await degraded(portico, 'replay')).toBeGreaterThan(0)
    execFileSync('mount', ['-o', 'remount,rw', disk!])
    await waitFor('usage on disk', async () => (await degraded(portico, 'usage')) === 0, 20_000)
    await use(portico)
    await portico.stop()
    expect(keptUsage(stateDir, 'alice')).toMatchObject({ down: 3 * SIZE, sessions: 3, integrity: 'ok' })
  })
})

test('a damaged file is put aside, and a new one begun', async () => {
  const stateDir = temporaryFolder('state')
  const noise = Buffer.alloc(50_000, 'this is not a database ')
  writeFileSync(join(stateDir, 'usage.db'), noise)
  const portico = await start(stateDir)
  await use(portico)
  await portico.stop()
  expect(readFileSync(join(stateDir, 'usage.db.corrupt')).equals(noise)).toBe(true)
  expect(portico.log.map(({ event }) => event)).toContain('the usage file was damaged; a new one is begun')
  expect(keptUsage(stateDir, 'alice')).toMatchObject({ down: SIZE, sessions: 1, integrity: 'ok' })
})

test('a file of a newer portico is left alone, and nothing is served', async () => {
  const stateDir = temporaryFolder('state')
  const portico = await start(stateDir)
  await portico.stop()
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(stateDir, 'usage.db'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  await expect(start(stateDir)).rejects.toThrow(/portico ended with 78: .*was written by a newer portico/s)
})
