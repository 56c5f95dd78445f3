import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTar, TarError, writeTar } from './tar.ts'

const part = fc.stringMatching(/^[a-z0-9_-]{1,30}$/)
const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
const files = fc.uniqueArray(
  fc.record({ name, bytes: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)) }),
  { selector: (each) => each.name, maxLength: 6 },
)

test('what was written is read', () => {
  fc.assert(
    fc.property(files, (all) => {
      const read = readTar(writeTar(all, 1_700_000_000))
      expect(read.map((each) => [each.name, each.bytes.toString('hex')])).toEqual(
        all.map((each) => [each.name, each.bytes.toString('hex')]),
      )
    }),
  )
})

test('any bytes are files or an error that says so', () => {
  const archive = writeTar([{ name: 'a', bytes: Buffer.from('text') }], 0)
  fc.assert(
    fc.property(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length), (at, byte, end) => {
      const broken = Buffer.from(archive.subarray(0, end))
      if (at < end) broken[at] = byte
      try {
        readTar(broken)
      } catch (error) {
        expect(error).toBeInstanceOf(TarError)
      }
    }),
  )
})

test('nothing leads outside', () => {
  for (const bad of ['/etc/passwd', '../up', 'a/../../b']) {
    expect(() => readTar(writeTar([{ name: bad, bytes: Buffer.from('x') }], 0))).toThrow(TarError)
  }
})

test('other programs read it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-tar-'))
  try {
    const archive = writeTar([{ name: 'state/deep/file', bytes: Buffer.from('content') }], 1_700_000_000)
    execFileSync('tar', ['xf', '-', '-C', dir], { input: archive })
    expect(readFileSync(join(dir, 'state/deep/file'), 'utf8')).toBe('content')
  } finally {
    rmSync(dir, { recursive: true })
  }
})
