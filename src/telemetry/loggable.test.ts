import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HIDDEN, loggableFields, loggableText, MAX_LOGGED_STRING } from './loggable.ts'

describe('loggableFields', () => {
  test('hides what is named like a secret, however deep', () => {
    const fields = {
      user: 'alice',
      secret: 'ee00',
      users: [{ name: 'bob', key: Buffer.from('x'), Link: 'tg://proxy', domain: 'd' }],
    }
    expect(loggableFields(fields)).toEqual({
      user: 'alice',
      secret: HIDDEN,
      users: [{ name: 'bob', key: HIDDEN, Link: HIDDEN, domain: 'd' }],
    })
  })

  test('never shows bytes', () => {
    expect(loggableFields({ hello: Buffer.alloc(517), words: new Uint16Array(4) })).toEqual({
      hello: '[517 bytes]',
      words: '[8 bytes]',
    })
  })

  test('shows an expected error by its code, an unexpected one with its stack', () => {
    const expected = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', cause: new TypeError('x') })
    const { error } = loggableFields({ error: expected }) as { error: Record<string, unknown> }
    expect(error).toMatchObject({ type: 'Error', message: 'refused', code: 'ECONNREFUSED' })
    expect(error.stack).toBeUndefined()
    expect(error.cause).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('loggable.test') })
  })

  test('hides a secret inside a text', () => {
    const error = new Error('bad link "https://t.me/proxy?server=a&port=443&secret=ee0011aa": too short')
    const shown = JSON.stringify(loggableFields({ error }))
    expect(shown).not.toContain('ee0011aa')
    expect(shown).toContain(`port=443&secret=${HIDDEN}`)
    expect(loggableText('tg://proxy?secret=dd11&server=a')).toBe(`tg://proxy?secret=${HIDDEN}&server=a`)
  })

  test('leaves the names that a line has of its own', () => {
    expect(loggableFields({ level: 1, time: 2, event: 3 })).toEqual({ level_: 1, time_: 2, event_: 3 })
  })

  test('leaves out what cannot be said, bounds what can', () => {
    const loop: Record<string, unknown> = { n: 1 }
    loop.self = loop
    const fields = loggableFields({
      nothing: undefined,
      call: () => 1,
      nan: Number.NaN,
      big: 1n,
      at: new Date(0),
      loop,
    })
    expect(Object.keys(fields)).toEqual(['nan', 'big', 'at', 'loop'])
    expect(fields).toMatchObject({ nan: 'NaN', big: '1', at: '1970-01-01T00:00:00.000Z' })
    expect(JSON.stringify(fields)).toContain('[…]')
    expect(loggableText('x'.repeat(100_000)).length).toBe(MAX_LOGGED_STRING + 1)
  })

  test('any value becomes plain data', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), (value) => {
        const fields = loggableFields({ value })
        expect(structuredClone(fields)).toEqual(fields)
        expect(JSON.parse(JSON.stringify(fields))).toBeTypeOf('object')
      }),
    )
  })
})
