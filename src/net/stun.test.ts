import { createSocket } from 'node:dgram'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { askStun, readBindingAnswer, writeBindingRequest } from './stun.ts'

/** RFC 5769 §2.2 and §2.3: sample answers for IPv4 and IPv6, of one transaction. */
const TRANSACTION = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex')
const SAMPLE_IPV4 =
  '0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a6430008001' +
  '42b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96'
const SAMPLE_IPV6 =
  '010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179' +
  'bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c'
const answer = (hex: string) => readBindingAnswer(Buffer.from(hex, 'hex'), TRANSACTION)

const XOR_MAPPED = '002000080001a147e112a643'
const MAPPED = '00010008000104d2c0000209'
const success = (...attributes: string[]) => {
  const body = attributes.join('')
  return `0101${(body.length / 2).toString(16).padStart(4, '0')}2112a442${TRANSACTION.toString('hex')}${body}`
}

describe('a binding answer', () => {
  test('of RFC 5769', () => {
    expect(answer(SAMPLE_IPV4)).toEqual({ state: 'address', address: '192.0.2.1', port: 32853 })
    expect(answer(SAMPLE_IPV6)).toEqual({
      state: 'address',
      address: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32853,
    })
  })

  test('the masked address wins, whichever comes first; the plain one is better than none', () => {
    const masked = { state: 'address', address: '192.0.2.1', port: 32853 }
    expect(answer(success(MAPPED, XOR_MAPPED))).toEqual(masked)
    expect(answer(success(XOR_MAPPED, MAPPED))).toEqual(masked)
    expect(answer(success(MAPPED))).toEqual({ state: 'address', address: '192.0.2.9', port: 1234 })
  })

  test.each([
    ['of another transaction', success(XOR_MAPPED).replace('b7e7', 'b7e8'), 'not_ours'],
    ['without the magic cookie', success(XOR_MAPPED).replace('2112a442', '2112a443'), 'not_ours'],
    ['without an address', success('80220004abcdabcd'), 'no_address'],
    ['of another family', success('002000080003a147e112a643'), 'malformed'],
    ['an address of five bytes', success('002000090001a147e112a643ff000000'), 'malformed'],
    ['an attribute beyond the end', success('8022ffff'), 'malformed'],
    ['a request', writeBindingRequest(TRANSACTION).toString('hex'), 'malformed'],
  ])('%s', (_what, hex, code) => {
    expect(answer(hex)).toEqual({ state: 'bad', code })
  })

  test('an error is a refusal', () => {
    expect(answer(`01110000${success().slice(8)}`)).toEqual({ state: 'refused' })
  })

  test('any prefix, any damage and any bytes are read without an error', () => {
    const whole = Buffer.from(SAMPLE_IPV6, 'hex')
    for (let n = 0; n < whole.length; n++) {
      expect(readBindingAnswer(whole.subarray(0, n), TRANSACTION)).toMatchObject({ state: 'bad' })
    }
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.uint8Array({ maxLength: 99 }),
        (at, value, bytes) => {
          const damaged = Buffer.from(whole)
          damaged[at] = value
          expect(readBindingAnswer(damaged, TRANSACTION).state).toBeDefined()
          const body = Buffer.from(success(Buffer.from(bytes).toString('hex')), 'hex')
          expect(readBindingAnswer(body, TRANSACTION).state).toBeDefined()
          expect(readBindingAnswer(Buffer.from(bytes), TRANSACTION).state).toBeDefined()
        },
      ),
    )
  })
})

test('asks again where a datagram is lost, and takes no answer to somebody else', async () => {
  const server = createSocket('udp4')
  let requests = 0
  server.on('message', (request, { port, address }) => {
    requests++
    const reply = Buffer.from(success(XOR_MAPPED), 'hex')
    if (requests === 2) server.send(reply, port, address)
    request.copy(reply, 8, 8, 20)
    // The mask of an IPv4 address is the cookie alone.
    if (requests === 2) server.send(reply, port, address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  expect(await askStun('127.0.0.1', server.address().port)).toBe('192.0.2.1')
  expect(requests).toBe(2)
  server.close()
  expect(await askStun('127.0.0.1', 9)).toBeUndefined()
})
