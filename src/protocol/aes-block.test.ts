import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encryptBlock } from './aes-block.ts'

test('any block with any key is what node:crypto makes of it', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(bytes(32), bytes(16), (key, block) => {
      const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
      const expected = cipher.update(block)
      const words = [...encryptBlock(key, block)]
      expect(words).toEqual([0, 4, 8, 12].map((at) => expected.readUInt32BE(at)))
    }),
    { numRuns: 2000 },
  )
})
