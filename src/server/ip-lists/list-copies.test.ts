import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseIpList } from '../../access/ip-list/parse-ip-list.ts'
import { ListCopies } from './list-copies.ts'

const NAME = '0123456789abcdef.netset'
const COPY = {
  text: '# \u00e9\n192.0.2.0/24\r\n',
  validators: { etag: '"a\u00e9"', lastModified: 'then' },
  freshAt: 1_700_000_000_000,
}

let parent: string
let dir: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'portico-lists-'))
  dir = join(parent, 'state', 'lists')
})

afterEach(() => rmSync(parent, { recursive: true, force: true }))

describe('copies of lists', () => {
  test('come back as they were, and are lists themselves', async () => {
    await new ListCopies(dir).write(NAME, COPY)
    const found = await new ListCopies(dir).read(NAME)
    expect(found).toEqual(COPY)
    const onDisk = readFileSync(join(dir, NAME), 'latin1')
    expect(parseIpList(onDisk)).toMatchObject({ ok: true, list: { entries: 1, badLines: 0 } })
  })

  test('are their owner’s only, and nothing half-written stays', async () => {
    const copies = new ListCopies(dir)
    await copies.write(NAME, COPY)
    chmodSync(join(dir, NAME), 0o644)
    writeFileSync(join(dir, `${NAME}.new`), 'half', { mode: 0o644 })
    await copies.write(NAME, { ...COPY, text: '198.51.100.1' })
    expect(readdirSync(dir)).toEqual([NAME])
    expect(statSync(join(dir, NAME)).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(dir, NAME), 'latin1')).toMatch(/\n198\.51\.100\.1$/)
  })

  test('that are confirmed are fresh', async () => {
    const copies = new ListCopies(dir)
    await copies.write(NAME, COPY)
    await copies.confirm(NAME, COPY.freshAt + 5000)
    expect(await copies.read(NAME)).toMatchObject({ freshAt: COPY.freshAt + 5000 })
  })

  test('that are not there, or were edited', async () => {
    const copies = new ListCopies(dir)
    expect(await copies.read(NAME)).toBeUndefined()
    await copies.write(NAME, COPY)
    for (const header of ['# portico {broken\n', '# portico null\n', '# portico\n', '']) {
      writeFileSync(join(dir, NAME), `${header}192.0.2.1`)
      const found = await copies.read(NAME)
      expect(found?.validators).toEqual({})
      expect(parseIpList(found!.text)).toMatchObject({ ok: true, list: { entries: 1, badLines: 0 } })
    }
    writeFileSync(join(dir, NAME), '# portico {}')
    expect(await copies.read(NAME)).toMatchObject({ text: '', validators: {} })
  })

  test('of other lists go, what is not ours stays', async () => {
    const copies = new ListCopies(dir)
    await copies.keepOnly([])
    for (const name of [NAME, 'fedcba9876543210.netset', 'fedcba9876543210.netset.new'])
      await copies.write(name, COPY)
    writeFileSync(join(dir, 'mine.netset'), '')
    await copies.keepOnly([NAME])
    expect(readdirSync(dir).sort()).toEqual([NAME, 'mine.netset'])
  })
})
