import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FetchedText } from '../../net/fetch-text.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import { BUILT_IN_SECRET, BUILT_IN_TABLE } from './built-in.ts'
import { DirectoryKeeper, type DirectoryKeeperOptions } from './directory-keeper.ts'
import type { MiddleKnowledge } from './middle-directory.ts'

const CONFIG = 'default 4;\nproxy_for 4 192.0.2.4:8888;\n'
const CONFIG_6 = 'default 2;\nproxy_for 4 [2001:db8::4]:8888;\n'
const SECRET = 's'.repeat(128)
const GOOD = { secret: SECRET, config: CONFIG, configV6: CONFIG_6 }
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const REFRESH = 3_600_000
const four = (host: string, port = 8888) => ({ kind: 'tcp', host, port })

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'directory-'))
})

afterEach(() => rm(folder, { recursive: true }))

/** What a server would say, by the end of the URL; undefined: it is down. */
function keeper(served: Record<string, string | undefined>, options: Partial<DirectoryKeeperOptions> = {}) {
  const asked: string[] = []
  const changes: MiddleKnowledge[] = []
  const waits: { milliseconds: number; run: () => void }[] = []
  let cancelled = 0
  const kept = new DirectoryKeeper(
    {
      addresses: {},
      secretFile: undefined,
      secretUrl: 'https://telegram.example/secret',
      configUrl: 'https://telegram.example/config',
      refresh: REFRESH,
      folder,
      ...options,
    },
    {
      log: silent,
      fetch: async (url): Promise<FetchedText> => {
        const name = url.replace(/.*\//, '')
        asked.push(name)
        const text = served[name]
        return text === undefined
          ? { state: 'failed', code: 'unreachable', message: 'down' }
          : { state: 'fetched', text, validators: {} }
      },
      publicAddresses: async () => ['203.0.113.9'],
      random: () => 0.5,
      after: (milliseconds, run) => {
        waits.push({ milliseconds, run })
        return { cancel: () => cancelled++ }
      },
      changed: (knowledge) => changes.push(knowledge),
    },
  )
  /** Until the next download is planned. */
  const settled = async (downloads: number) => {
    while (waits.length < downloads) await new Promise((resolve) => setImmediate(resolve))
  }
  return { kept, asked, changes, waits, settled, cancelled: () => cancelled }
}

test('without a network: what is built in, and another try soon', async () => {
  const { kept, changes, waits, settled } = keeper({})
  await kept.begin()
  await settled(1)
  expect(changes).toEqual([
    { secret: BUILT_IN_SECRET, table: BUILT_IN_TABLE, defaultDc: 2, publicAddresses: ['203.0.113.9'] },
  ])
  expect(waits[0]!.milliseconds).toBe(300_000)
})

test('what is downloaded replaces entries, is kept on disk, and serves the next start without a network', async () => {
  const first = keeper(GOOD)
  await first.kept.begin()
  await first.settled(1)
  const { knowledge } = first.kept
  expect(knowledge.table[4]).toEqual([four('192.0.2.4'), four('2001:db8::4')])
  expect(knowledge.table[1]).toEqual(BUILT_IN_TABLE[1])
  expect(knowledge.defaultDc).toBe(4)
  expect(Buffer.from(knowledge.secret).toString()).toBe(SECRET)
  expect(first.changes.at(-1)).toEqual(knowledge)
  expect(first.waits[0]!.milliseconds).toBe(REFRESH)
  expect((await readdir(folder)).toSorted()).toEqual(['proxy-config', 'proxy-config-v6', 'secret'])

  const second = keeper({})
  await second.kept.begin()
  expect(second.changes[0]).toEqual(knowledge)
  await second.settled(1)
})

test.each([
  ['a web page for a secret', { secret: `<html>${'x'.repeat(100)}` }],
  ['a secret that is too short', { secret: 'short' }],
  ['a list that breaks off', { config: 'proxy_for 4 192.0.2.9:8888;\nproxy_for 5 192.0' }],
  ['a list of nothing', { configV6: '# nothing\n' }],
])('%s changes nothing, on disk neither', async (_name, wrong) => {
  const served: Record<string, string> = { ...GOOD }
  const { kept, changes, waits, settled } = keeper(served)
  await kept.begin()
  await settled(1)
  const before = [kept.knowledge, changes.length]
  Object.assign(served, wrong)
  waits[0]!.run()
  await settled(2)
  expect([kept.knowledge, changes.length]).toEqual(before)
  expect(waits[1]!.milliseconds).toBe(300_000)
  expect(await readFile(join(folder, 'proxy-config'), 'utf8')).toBe(CONFIG)
})

test('a later download that differs is told once, one that does not is not', async () => {
  const served: Record<string, string> = { ...GOOD }
  const { kept, changes, waits, settled } = keeper(served)
  await kept.begin()
  await settled(1)
  const told = changes.length
  waits[0]!.run()
  await settled(2)
  expect(changes).toHaveLength(told)
  served.config = CONFIG.replace('192.0.2.4', '192.0.2.44')
  waits[1]!.run()
  await settled(3)
  expect(changes).toHaveLength(told + 1)
  expect(changes.at(-1)!.table[4]![0]).toEqual(four('192.0.2.44'))
})

test('the configuration wins: its addresses, and its secret, which is then not downloaded', async () => {
  const secretFile = join(folder, 'own-secret')
  await writeFile(secretFile, 'o'.repeat(64))
  const own = { kind: 'tcp' as const, host: '192.0.2.77', port: 1 }
  const { kept, asked, settled } = keeper(GOOD, { secretFile, addresses: { 4: [own] } })
  await kept.begin()
  await settled(1)
  expect(asked.toSorted()).toEqual(['config', 'configV6'])
  expect(kept.knowledge.table[4]).toEqual([own])
  expect(Buffer.from(kept.knowledge.secret).toString()).toBe('o'.repeat(64))
})

test('a copy on disk that is no such thing is passed over, as is a folder that cannot be written', async () => {
  await writeFile(join(folder, 'proxy-config'), 'rubbish')
  const { kept, settled } = keeper({ ...GOOD }, { folder: join(folder, 'proxy-config') })
  await kept.begin()
  await settled(1)
  expect(kept.knowledge.defaultDc).toBe(4)
  const broken = keeper({})
  await broken.kept.begin()
  expect(broken.kept.knowledge.table).toEqual(BUILT_IN_TABLE)
  await broken.settled(1)
})

test('begun twice it downloads once, and stopped it plans no more', async () => {
  const { kept, asked, settled, waits, cancelled } = keeper(GOOD)
  await Promise.all([kept.begin(), kept.begin()])
  await settled(1)
  expect(asked).toHaveLength(3)
  kept.stop()
  expect(cancelled()).toBe(1)
  waits[0]!.run()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(waits).toHaveLength(1)
})
