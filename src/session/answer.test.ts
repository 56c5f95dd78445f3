import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { type Plan, stage } from '../../test/doubles/stage.ts'
import { CCS, flightIn, flightOf, PQ_SHARE, serverHello, TLS_13 } from '../../test/vectors/flights.ts'
import type { SiteProfile } from '../front/profile.ts'
import { sealInit } from '../protocol/obfuscated2.ts'
import { type HelloClass, writeClientHello } from '../protocol/tls/hello-writer.ts'
import { frameRecords } from '../protocol/tls/record.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'

const SECRET = Buffer.from('8f0c4a1be27d5936a0c4f1e2d3b4a596', 'hex')
const NOW = 1_795_347_266
const ALERT = Buffer.from('15030300020228', 'hex')

const FLIGHT: RecordedFlight = {
  cipherSuite: 0x1301,
  group: 0x11ec,
  extensions: [
    [0x33, ''],
    [0x2b, '0304'],
  ],
  records: [1752],
  alpn: 'h2,http/1.1',
}
const PROFILE: SiteProfile = {
  flights: { tdlib: [FLIGHT] },
  manners: {
    ccsTaken: 1,
    takes: 16_384,
    silences: [2000],
    silence: { atHeader: false, says: [[0x17, 24]], end: 'fin' },
    reactions: { junk: { atHeader: false, says: [[0x17, 19]], end: 'reset' } },
  },
}

const genuineHello = (helloClass: HelloClass = 'tdlib') =>
  writeClientHello(
    {
      class: helloClass,
      domain: 'www.example.org',
      secret: createSecretKey(SECRET),
      unixSeconds: NOW,
    },
    randomBytes,
  )

const scene = (plan: Partial<Plan> = {}) => stage({ secret: SECRET, now: NOW, profile: PROFILE, ...plan })

/** The digest that the client checks (TDLib TlsInit.cpp). */
function isSealed(bytes: Buffer, hello: Buffer): boolean {
  const zeroed = Buffer.from(bytes).fill(0, 11, 43)
  const digest = createHmac('sha256', SECRET).update(hello.subarray(11, 43)).update(zeroed).digest()
  return digest.equals(bytes.subarray(11, 43))
}

function firstData(dc = 2): Buffer {
  const plain = randomBytes(64)
  plain.writeUInt32LE(0xdddddddd, 56)
  plain.writeInt16LE(dc, 60)
  const { wire } = sealInit(plain, SECRET)
  const out = Buffer.alloc(69)
  frameRecords(out, 0, wire, 0, 64)
  return Buffer.concat([CCS, out])
}

describe('a user is answered with a recorded flight', () => {
  const cannotBeMirrored: readonly (readonly [string, Buffer])[] = [
    ['an alert', ALERT],
    ['TLS 1.2', serverHello({ extensions: [] })],
    ['a HelloRetryRequest', retryRequest()],
  ]
  test.each(cannotBeMirrored)('where the front says %s', async (_what, said) => {
    const { client, front, counted, started } = scene()
    const hello = genuineHello()
    client.says(hello)
    await turn()
    front.says(said)
    await turn()
    expect(isSealed(client.written, hello)).toBe(true)
    expect(flightIn(client.written)).toMatchObject({
      serverHello: { group: 0x11ec, extensions: [0x33, 0x2b] },
      encrypted: [{ length: 1752 }],
    })
    expect(counted('answers_total', 'profile')).toBe(1)
    expect(front.ending).toBe('destroyed')
    client.says(firstData())
    await turn()
    expect(started).toHaveLength(1)
  })

  test('but not when it has gone meanwhile', async () => {
    const { client, counted } = scene({ answer: 'profile' })
    client.says(genuineHello())
    client.fails('ECONNRESET')
    await turn()
    expect(client.writes).toBe(0)
    expect(counted('answers_total', 'profile')).toBe(0)
  })

  test.each([
    ['before the hello', true],
    ['after the hello', false],
  ])('where the front is down, known %s', async (_when, early) => {
    const { client, front, started } = scene()
    const hello = genuineHello()
    if (early) front.fails('ECONNREFUSED')
    client.says(hello)
    if (!early) front.fails('ECONNREFUSED')
    await turn()
    await turn()
    expect(isSealed(client.written, hello)).toBe(true)
    client.says(firstData())
    await turn()
    expect(started).toHaveLength(1)
  })

  test('where the front says nothing for seconds', async () => {
    const { client, wheel } = scene()
    client.says(genuineHello())
    await turn()
    wheel.advance(1900)
    await turn()
    expect(client.writes).toBe(0)
    wheel.advance(400)
    await turn()
    expect(client.writes).toBe(1)
  })

  test('always, where that was asked for', async () => {
    const { client, front } = scene({ answer: 'profile' })
    const hello = genuineHello()
    client.says(hello)
    await turn()
    expect(isSealed(client.written, hello)).toBe(true)
    expect(front.ending).toBe('destroyed')
  })
})

describe('an answer that is not as it was', () => {
  const MIRRORABLE = flightOf(1752)
  test.each([
    ['is noticed where it cannot be mirrored any more', undefined, ALERT, 1],
    ['is noticed where it can again', 'tls12', MIRRORABLE, 1],
    ['is noticed where it is for another reason', 'tls12', ALERT, 1],
    ['is not where it is as good as before', undefined, MIRRORABLE, 0],
    ['is not where it is as bad as before', 'alert', ALERT, 0],
  ] as const)('%s', async (_what, before, said, times) => {
    const otherAnswer = vi.fn<() => void>()
    const { client, front } = scene({ otherAnswer, unmirrorable: before ? { tdlib: before } : {} })
    client.says(genuineHello())
    await turn()
    front.says(said)
    await turn()
    expect(otherAnswer).toHaveBeenCalledTimes(times)
  })
})

describe('a user stays with the front', () => {
  test.each([
    ['where only mirroring is allowed', { answer: 'mirror' }, 'tdlib'],
    ['where nothing was recorded for the class of the hello', {}, 'legacy'],
    [
      'where the share that was recorded is not offered',
      { profile: { flights: { legacy: [FLIGHT] } } },
      'legacy',
    ],
  ] as const)('%s', async (_why, plan, helloClass) => {
    const { client, front } = scene(plan)
    client.says(genuineHello(helloClass))
    await turn()
    front.says(ALERT)
    await turn()
    expect(client.written).toEqual(ALERT)
  })

  test('where a recorded flight is asked for and none is known', async () => {
    const { client, front, counted } = scene({ answer: 'profile', profile: { flights: {} } })
    client.says(genuineHello())
    await turn()
    front.says(flightOf(1751))
    await turn()
    expect(client.written).toEqual(flightOf(1751))
    expect(counted('handshakes_total', 'unmirrorable')).toBe(1)
    expect(counted('front_unmirrorable_total', 'no_profile')).toBe(1)
  })

  test('where more than the hello came at once', async () => {
    const { client, front } = scene({ answer: 'profile' })
    client.says(Buffer.concat([genuineHello(), CCS]))
    await turn()
    front.says(ALERT)
    expect(client.written).toEqual(ALERT)
  })

  test('and a live front is mirrored, with what was recorded unused', async () => {
    const { client, front, counted } = scene()
    client.says(genuineHello())
    await turn()
    front.says(
      Buffer.concat([serverHello({ extensions: [TLS_13, PQ_SHARE] }), CCS, flightOf(99).subarray(-104)]),
    )
    await turn()
    expect(flightIn(client.written).encrypted).toMatchObject([{ length: 99 }])
    expect(counted('answers_total', 'mirror')).toBe(1)
  })
})

describe('behind a recorded flight', () => {
  const answered = async (plan: Partial<Plan> = {}) => {
    const it = scene({ answer: 'profile', ...plan })
    it.client.says(genuineHello())
    await turn()
    return { ...it, from: it.client.written.length }
  }

  test('junk meets the alert and the end that were measured', async () => {
    const { client, from } = await answered()
    client.says(Buffer.concat([Buffer.from('1703030014', 'hex'), randomBytes(20)]))
    await turn()
    expect(client.written.subarray(from)).toHaveLength(24)
    expect(client.written.subarray(from, from + 5).toString('hex')).toBe('1703030013')
    expect(client.ending).toBe('reset')
  })

  test('an init for nowhere is junk as well', async () => {
    const { client, from } = await answered()
    client.says(firstData(77))
    await turn()
    await turn()
    expect(client.written.subarray(from)).toHaveLength(24)
    expect(client.ending).toBe('reset')
  })

  test('silence lasts as long as the front bore it', async () => {
    const { client, from, wheel } = await answered()
    wheel.advance(1900)
    await turn()
    expect(client.ending).toBe('open')
    wheel.advance(300)
    await turn()
    expect(client.written.subarray(from)).toHaveLength(29)
    expect(client.ending).toBe('fin')
  })
})

describe('what a user sent after the answer is told', () => {
  const answered = async () => {
    const it = scene({ answer: 'profile' })
    it.client.says(genuineHello())
    await turn()
    return it
  }

  test('an init', async () => {
    const { client, answers } = await answered()
    client.says(firstData())
    await turn()
    expect(answers).toEqual(['ok'])
  })

  test('nothing, where the client leaves or is silent', async () => {
    const [gone, silent] = [await answered(), await answered()]
    gone.client.fails()
    silent.wheel.advance(3000)
    await turn()
    expect([gone.answers, silent.answers]).toEqual([['none'], ['none']])
  })

  test('and of junk nothing', async () => {
    const { client, answers } = await answered()
    client.says(Buffer.concat([Buffer.from('1703030050', 'hex'), randomBytes(80)]))
    await turn()
    await turn()
    expect(answers).toEqual([])
  })
})

describe('before a front that is down a stranger', () => {
  test('is reset as soon as it is known to be one', async () => {
    const { client, front } = scene()
    front.fails('ECONNREFUSED')
    expect(client.ending).toBe('open')
    client.says(Buffer.from('GET / HTTP/1.1\r\n'))
    await turn()
    expect(client.ending).toBe('reset')
  })

  test('who says nothing is parted from as the front did, when it did', async () => {
    for (const [end, shown] of [
      ['fin', 'destroyed'],
      ['reset', 'reset'],
    ] as const) {
      const manners = { ...PROFILE.manners!, silences: [4000], silence: { atHeader: false, says: [], end } }
      const { client, front, wheel } = scene({ profile: { ...PROFILE, manners } })
      front.fails('ECONNREFUSED')
      wheel.advance(3900)
      await turn()
      expect(client.ending).toBe('open')
      wheel.advance(200)
      await turn()
      expect(client.ending).toBe(shown)
    }
  })
})

/** A ServerHello whose random says that it is a HelloRetryRequest (RFC 8446 §4.1.3). */
function retryRequest(): Buffer {
  const random = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
  return serverHello({ random })
}
