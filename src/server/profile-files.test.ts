import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SiteProfile } from '../front/profile.ts'
import { ProfileFiles } from './profile-files.ts'

const SITE = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8443 } } as const
const FLIGHT = {
  cipherSuite: 0x1301,
  group: 0x11ec,
  extensions: [
    [0x33, ''],
    [0x2b, '0304'],
  ] as const,
  records: [1752],
  alpn: 'h2,http/1.1',
}
const END = { atHeader: false, says: [[0x17, 19]] as const, end: 'fin' } as const
const PROFILE: SiteProfile = {
  flights: { tdlib: [FLIGHT], legacy: [{ ...FLIGHT, group: 0x1d }] },
  manners: { reactions: { junk: END }, ccsTaken: 32, takes: 16_384, silences: [60_001], silence: END },
}

let folder: string
let files: ProfileFiles
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'profile-')), 'profiles')
  files = new ProfileFiles(folder)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const only = () => join(folder, readdirSync(folder)[0]!)

test('what was written is read again, and is its owner’s alone', async () => {
  expect(await files.read(SITE)).toBeUndefined()
  await files.write(SITE, { flights: {} })
  await files.write(SITE, PROFILE)
  expect(await files.read(SITE)).toEqual(PROFILE)
  expect(readdirSync(folder)).toHaveLength(1)
  expect(statSync(only()).mode & 0o777).toBe(0o600)
})

test('a size of records is kept, and one that cannot be is not', async () => {
  await files.write(SITE, { ...PROFILE, fullRecord: 4113 })
  expect((await files.read(SITE))!.fullRecord).toBe(4113)
  for (const fullRecord of [100, 16_401, 1e9, 0.5]) {
    await files.write(SITE, { ...PROFILE, fullRecord })
    expect((await files.read(SITE))!.fullRecord).toBeUndefined()
  }
})

test('a write that a crash left unfinished is in nobody’s way', async () => {
  await files.write(SITE, PROFILE)
  writeFileSync(`${only()}.new`, 'half')
  await files.write(SITE, PROFILE)
  expect(await files.read(SITE)).toEqual(PROFILE)
})

test('a damaged file is as good as none, and what of it is whole is kept', async () => {
  await files.write(SITE, PROFILE)
  const text = readFileSync(only(), 'utf8')
  writeFileSync(only(), text.replace('[1752]', '["x"]'))
  expect(await files.read(SITE)).toEqual({ ...PROFILE, flights: { legacy: PROFILE.flights.legacy } })
  for (const damaged of [
    text.replace('"version":1', '"version":2'),
    text.slice(0, 200),
    '',
    'null',
    '[]',
    'x'.repeat(2 ** 21),
  ]) {
    writeFileSync(only(), damaged)
    expect(await files.read(SITE)).toBeUndefined()
  }
  truncateSync(only(), 0)
  await files.write(SITE, PROFILE)
  expect(await files.read(SITE)).toEqual(PROFILE)
})

test('what another front sent is not this one’s', async () => {
  await files.write(SITE, PROFILE)
  expect(await files.read({ ...SITE, endpoint: { ...SITE.endpoint, port: 8444 } })).toBeUndefined()
  expect(await files.read({ ...SITE, domain: 'example.net' })).toBeUndefined()
})

test('sites of long ago are forgotten', async () => {
  await files.write(SITE, PROFILE)
  await files.tidy(Date.now())
  expect(await files.read(SITE)).toEqual(PROFILE)
  const longAgo = Date.now() / 1000 - 91 * 24 * 3600
  utimesSync(only(), longAgo, longAgo)
  await files.tidy(Date.now())
  expect(readdirSync(folder)).toEqual([])
})
