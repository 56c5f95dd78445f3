import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { MAX_FIRST_FLIGHT, readFirstBytes, readInit } from './first-bytes.ts'

const HELLO = writeClientHello({ class: 'tdlib', domain: 'www.example.org' }, randomBytes)
/** Begins as none of the protocols that an init must not look like. */
const INIT = Buffer.concat([Buffer.from('5a5a5a5a', 'hex'), randomBytes(60)])

describe('the first bytes of a client', () => {
  test('are more to come until a hello is whole, whatever follows it', () => {
    fc.assert(
      fc.property(fc.nat(HELLO.length - 1), fc.uint8Array({ maxLength: 100 }), (cut, behind) => {
        expect(readFirstBytes(HELLO.subarray(0, cut), false).state).toBe('more')
        expect(readFirstBytes(Buffer.concat([HELLO, behind]), true).state).toBe('hello')
      }),
    )
  })

  test('may be an init only where those are allowed', () => {
    expect(readFirstBytes(INIT, false)).toEqual({ state: 'not_ours', code: 'not_tls' })
    const rest = Buffer.from('what follows')
    expect(readFirstBytes(Buffer.concat([INIT, rest]), true)).toEqual({ state: 'init', init: INIT, rest })
  })

  test('begin an init until its 64 bytes are there', () => {
    for (let cut = 4; cut < 64; cut++) expect(readInit(INIT.subarray(0, cut)).state).toBe('init_begins')
    expect(readInit(Buffer.from('GET / HTTP/1.1\r\n')).state).toBe('not_ours')
  })

  test('are kept up to a limit', () => {
    // Records of one byte each: the header of the hello says that there is more than that.
    const hello = Buffer.concat([Buffer.from('0100ffff', 'hex'), Buffer.alloc(MAX_FIRST_FLIGHT)])
    const records = Buffer.concat([...hello].map((byte) => Buffer.from([0x16, 3, 1, 0, 1, byte])))
    expect(readFirstBytes(records, false)).toMatchObject({ state: 'not_ours' })
  })
})
