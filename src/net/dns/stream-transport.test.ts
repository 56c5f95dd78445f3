import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageReader } from './stream-transport.ts'

test('messages come whole, however the stream was split', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(messages, fc.array(fc.nat(300)), (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap((each) => [Buffer.from([0, each.length]), Buffer.from(each)]))
      const seen: Buffer[] = []
      const reader = new MessageReader((message) => seen.push(Buffer.from(message)))
      let at = 0
      for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
        const end = Math.min(cut, stream.length)
        reader.push(stream.subarray(at, end))
        at = Math.max(at, end)
      }
      expect(seen.map((each) => each.toString('hex'))).toEqual(
        sent.map((each) => Buffer.from(each).toString('hex')),
      )
    }),
  )
})
