import { createSecretKey, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { type Plan, stage } from '../../test/doubles/stage.ts'
import { CCS, encrypted, flightOf, PQ_SHARE, serverHello, TLS_13 } from '../../test/vectors/flights.ts'
import { retimed } from '../../test/world/clients/retimed.ts'
import { Wheel } from '../net/wheel.ts'
import { openInit, sealInit } from '../protocol/obfuscated2.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { framedSize, frameRecords } from '../protocol/tls/record.ts'
import { Tee } from './tee.ts'

const SECRET = Buffer.from('8f0c4a1be27d5936a0c4f1e2d3b4a596', 'hex')
const NOW = 1_795_347_266

function hello(o: { secret?: Buffer; unixSeconds?: number; domain?: string } = {}): Buffer {
  const { secret = SECRET, unixSeconds = NOW, domain = 'www.example.org' } = o
  return writeClientHello(
    { class: 'tdlib', domain, secret: createSecretKey(secret), unixSeconds },
    randomBytes,
  )
}

const PADDING = 0x15

/** A hello of one record with a padding extension more (RFC 7685). */
function padded(bytes: Buffer, size: number): Buffer {
  const extension = Buffer.alloc(4 + size)
  extension.writeUInt16BE(PADDING)
  extension.writeUInt16BE(size, 2)
  const longer = Buffer.concat([bytes, extension])
  // Behind record and handshake header, version, random, session id, cipher suites and compression.
  const suitesAt = 5 + 4 + 2 + 32 + 1 + 32
  const extensionsAt = suitesAt + 2 + bytes.readUInt16BE(suitesAt) + 2
  for (const at of [3, 7, extensionsAt]) longer.writeUInt16BE(bytes.readUInt16BE(at) + extension.length, at)
  return longer
}

/** A record of the client's: CCS, then 64 bytes of init and a payload behind it. */
function firstData(o: { secret?: Buffer; dc?: number; payload?: Buffer; tag?: number } = {}): Buffer {
  const { secret = SECRET, dc = 2, tag = 0xdddddddd, payload = Buffer.from('first frame') } = o
  const plain = randomBytes(64)
  plain.writeUInt32LE(tag, 56)
  plain.writeInt16LE(dc, 60)
  const { wire, cipher } = sealInit(plain, secret)
  const stream = Buffer.concat([wire, cipher.update(payload)])
  const record = Buffer.alloc(framedSize(stream.length))
  frameRecords(record, 0, stream, 0, stream.length)
  return Buffer.concat([CCS, record])
}

const FLIGHT = flightOf(1751)

async function upToAnswer(plan: Partial<Plan> = {}) {
  const scene = stage({ secret: SECRET, now: NOW, ...plan })
  scene.client.says(hello())
  await turn()
  scene.front.says(FLIGHT)
  await turn()
  return scene
}

describe('a stranger', () => {
  test('is the front’s from the first byte, in both directions', async () => {
    const { client, front } = stage({ secret: SECRET, now: NOW })
    client.says(Buffer.from('GET / HTTP/1.1\r\n'))
    expect(front.written.toString()).toBe('GET / HTTP/1.1\r\n')
    front.says(Buffer.from('HTTP/1.1 400'))
    await turn()
    expect(client.written.toString()).toBe('HTTP/1.1 400')
    client.says(Buffer.from('\r\n'))
    expect(front.written.toString()).toBe('GET / HTTP/1.1\r\n\r\n')
    front.ends()
    expect(client.ending).toBe('fin')
  })

  test('with a hello of another secret gets the flight untouched', async () => {
    const { client, front, counted } = stage({ secret: SECRET, now: NOW })
    const bytes = hello({ secret: randomBytes(16) })
    for (const byte of bytes) client.says(Buffer.of(byte))
    await turn()
    expect(front.written).toEqual(bytes)
    front.says(FLIGHT)
    await turn()
    expect(client.written).toEqual(FLIGHT)
    expect(counted('handshakes_total', 'bad_digest')).toBe(1)
    expect(counted('probes_total', 'bad_digest')).toBe(1)
  })

  test('is not searched where its hello is longer than any client’s', async () => {
    for (const [padding, result] of [
      [1000, 'bad_digest'],
      [3000, 'not_searchable'],
    ] as const) {
      const { client, counted } = stage({ secret: SECRET, now: NOW })
      client.says(padded(hello({ secret: randomBytes(16) }), padding))
      await turn()
      expect(counted('handshakes_total', result)).toBe(1)
    }
  })

  test('is ended as the front ends it: refused, reset, FIN', async () => {
    for (const [ending, shown] of [
      ['refused', 'reset'],
      ['reset', 'reset'],
      ['fin', 'fin'],
    ] as const) {
      const { client, front } = stage({ secret: SECRET, now: NOW })
      client.says(Buffer.from([0x16, 3]))
      if (ending === 'fin') front.ends()
      else front.fails(ending === 'refused' ? 'ECONNREFUSED' : 'ECONNRESET')
      await turn()
      expect(client.ending).toBe(shown)
    }
  })

  test('who says FIN after half a hello still gets the front’s answer', async () => {
    const { client, front } = stage({ secret: SECRET, now: NOW })
    client.says(hello().subarray(0, 100))
    client.ends()
    await turn()
    expect(front.ending).toBe('fin')
    front.says(Buffer.from('alert'))
    expect(client.written.toString()).toBe('alert')
  })
})

describe('an authentic hello', () => {
  test('is answered with the front’s flight, only the random replaced, in one write', async () => {
    const { client, counted } = await upToAnswer()
    expect(client.writes).toBe(1)
    expect(client.written.length).toBe(FLIGHT.length)
    const unlike = [...FLIGHT.keys()].filter((at) => FLIGHT[at] !== client.written[at])
    expect(unlike.every((at) => at >= 11 && at < 43)).toBe(true)
    expect(unlike.length).toBeGreaterThan(0)
    expect(counted('handshakes_total', 'ok')).toBe(1)
  })

  test('is answered by one write when the flight comes byte by byte, and several records are merged', async () => {
    const { client, front } = stage({ secret: SECRET, now: NOW, records: 4 })
    client.says(hello())
    await turn()
    const flight = flightOf(36, 1631, 96, 53)
    for (const byte of flight) front.says(Buffer.of(byte))
    await turn()
    expect(client.writes).toBe(1)
    expect(client.written.length).toBe(flight.length)
    const { length } = serverHello()
    expect(client.written.subarray(length + 6, length + 9)).toEqual(Buffer.from('170303', 'hex'))
    expect(client.written.readUInt16BE(length + 9)).toBe(flight.length - length - 6 - 5)
  })

  test('with nothing known of the front’s records, the flight counts as whole when it pauses', async () => {
    const { client, front, wheel } = stage({ secret: SECRET, now: NOW, records: undefined })
    client.says(hello())
    await turn()
    front.says(flightOf(36, 1631))
    await turn()
    expect(client.writes).toBe(0)
    front.says(encrypted(53))
    wheel.advance(400)
    await turn()
    expect(client.writes).toBe(1)
    expect(client.written.length).toBe(flightOf(36, 1631, 53).length)
  })

  test.each([
    ['a replay', { again: true }, 'replay'],
    ['a clock that is behind', { unixSeconds: NOW - 601 }, 'clock'],
    ['a clock that is ahead', { unixSeconds: NOW + 601 }, 'clock'],
    ['a clock that counts from boot', { unixSeconds: 5000 }, 'clock'],
    ['a disabled user', { enabled: false }, 'refused_disabled'],
    ['an expired user', { limits: { expires: NOW } }, 'refused_expired'],
    ['a user who may not come from there', { limits: { from: { has: () => false } } }, 'refused_from'],
    ['anybody in maintenance', { maintenance: true }, 'refused_maintenance'],
    ['too many sessions', { sessions: 5, sessionLimit: 5 }, 'refused_sessions'],
  ] as const)('of %s sees the site', async (_name, how, result) => {
    const scene = stage({ secret: SECRET, now: NOW, ...how })
    const bytes = hello('unixSeconds' in how ? { unixSeconds: how.unixSeconds } : {})
    if ('again' in how) {
      scene.client.says(bytes)
      await turn()
    }
    const visit = 'again' in how ? scene.visit() : scene
    visit.client.says(bytes)
    await turn()
    visit.front.says(FLIGHT)
    await turn()
    expect(visit.client.written).toEqual(FLIGHT)
    expect(scene.counted('handshakes_total', result)).toBe(1)
  })

  test.each([
    ['for one second later', 0, 1],
    ['for the end of the clock window', 0, 600],
    ['for its other end', 0, -600],
    ['for days later', 3 * 86_400, 3 * 86_400],
    ['for years later', 2e8, 2e8],
  ])('used once, and given another time %s, sees the site', async (_name, after, other) => {
    const scene = stage({ secret: SECRET, now: NOW })
    const bytes = hello()
    scene.client.says(bytes)
    await turn()
    scene.later(after)
    const copy = scene.visit()
    copy.client.says(retimed(bytes, NOW ^ (NOW + other)))
    await turn()
    copy.front.says(FLIGHT)
    await turn()
    expect(copy.client.written).toEqual(FLIGHT)
    expect(scene.counted('handshakes_total', 'replay')).toBe(1)
    expect(scene.counted('replays_total')).toBe(1)
  })

  test.each([
    ['a clock that is behind', {}, { unixSeconds: NOW - 4000 }, 4000],
    ['a clock that counts from boot', {}, { unixSeconds: 5000 }, NOW - 5000],
    ['an unknown name, found when the site had answered', { others: 300 }, { domain: 'old.example.com' }, 0],
  ])('of %s is let in under no other time either', async (_name, plan, how, later) => {
    const scene = stage({ secret: SECRET, now: NOW, ...plan })
    const bytes = hello(how)
    scene.client.says(bytes)
    await turn()
    scene.front.says(FLIGHT)
    await turn()
    expect(scene.client.written).toEqual(FLIGHT)
    scene.finishSearches()
    scene.learn()
    const carried = 'unixSeconds' in how ? how.unixSeconds : NOW
    const copy = scene.visit()
    copy.client.says(retimed(bytes, carried ^ (carried + later)))
    await turn()
    copy.front.says(FLIGHT)
    await turn()
    expect(copy.client.written).toEqual(FLIGHT)
    expect(scene.counted('handshakes_total', 'replay')).toBe(1)
  })

  test('that is a copy, found late, teaches nothing of who sent it', async () => {
    const scene = stage({ secret: SECRET, now: NOW, others: 300 })
    const bytes = hello({ domain: 'old.example.com', unixSeconds: NOW - 4000 })
    for (const sent of [bytes, retimed(bytes, (NOW - 4000) ^ NOW)]) {
      scene.visit().client.says(sent)
      await turn()
      expect(scene.searchedLater()).toBe(1)
      scene.finishSearches()
      expect(scene.isLearned()).toBe(false)
    }
  })

  test.each([
    ['an alert', Buffer.from('15030300020228', 'hex'), 'alert'],
    ['TLS 1.2', Buffer.concat([serverHello({ extensions: [] })]), 'tls12'],
    ['plain text', Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'not_tls'],
  ])('whose front answers with %s stays with the front', async (_name, answer, code) => {
    const { client, front, counted } = stage({ secret: SECRET, now: NOW })
    client.says(hello())
    await turn()
    front.says(answer)
    await turn()
    expect(client.written).toEqual(answer)
    expect(counted('front_unmirrorable_total', code)).toBe(1)
  })

  test('with bytes behind it stays with the front', async () => {
    const { client, front } = stage({ secret: SECRET, now: NOW })
    client.says(Buffer.concat([hello(), Buffer.from('170303', 'hex')]))
    await turn()
    front.says(FLIGHT)
    await turn()
    expect(client.written).toEqual(FLIGHT)
  })

  test('whatever its name says is served, by the default front', async () => {
    const scene = stage({ secret: SECRET, now: NOW })
    scene.client.says(hello({ domain: 'old-name.example.com' }))
    await turn()
    scene.front.says(flightOf(1751))
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })

  test('for another site is answered by that site’s front', async () => {
    const scene = stage({ secret: SECRET, now: NOW, otherSite: 'other.example.net' })
    const bytes = hello({ domain: 'other.example.net' })
    scene.client.says(bytes)
    await turn()
    expect(scene.front.ending).toBe('destroyed')
    const [, second] = scene.fronts
    expect(second?.written).toEqual(bytes)
    const flight = Buffer.concat([serverHello({ extensions: [TLS_13, PQ_SHARE] }), CCS, encrypted(900)])
    second?.says(flight)
    await turn()
    expect(scene.client.written.length).toBe(flight.length)
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })
})

describe('too many hellos', () => {
  test('of a proxy of a handful of users, whom it costs nothing to try, keep nobody out', async () => {
    const scene = stage({ secret: SECRET, now: NOW, others: 3, pending: { all: 0, perAddress: 0 } })
    scene.client.says(hello())
    await turn()
    scene.front.says(FLIGHT)
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })

  test('half a hello that has waited longest is the front’s for good; the new client is served', async () => {
    const scene = stage({ secret: SECRET, now: NOW, pending: { all: 1, perAddress: 100 } })
    const bytes = hello()
    scene.client.says(bytes.subarray(0, 100))
    const second = scene.visit()
    second.client.says(hello())
    await turn()
    second.front.says(FLIGHT)
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
    expect(scene.counted('handshakes_total', 'unauthenticated')).toBe(1)
    scene.client.says(bytes.subarray(100))
    expect(scene.front.written).toEqual(bytes)
    scene.front.says(FLIGHT)
    expect(scene.client.written).toEqual(FLIGHT)
  })

  test('of users who are not known there see the site, those who are known are let in', async () => {
    const scene = stage({ secret: SECRET, now: NOW, others: 9, pending: { all: 0, perAddress: 0 } })
    scene.client.says(hello())
    await turn()
    expect(scene.counted('refused_total', 'unauthenticated')).toBe(1)
    scene.learn()
    const second = scene.visit()
    second.client.says(hello())
    await turn()
    second.front.says(FLIGHT)
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })
})

test('a client whose session did not come about gives back its place', async () => {
  const scene = await upToAnswer({ sessionLimit: 1, dial: { ok: false, failure: 'refused' } })
  const second = scene.visit()
  second.client.says(hello())
  await turn()
  expect(scene.counted('handshakes_total', 'refused_sessions')).toBe(1)
  scene.client.says(firstData())
  await turn()
  await turn()
  const third = scene.visit()
  third.client.says(hello())
  await turn()
  third.front.says(FLIGHT)
  await turn()
  expect(scene.counted('handshakes_total', 'ok')).toBe(2)
})

describe('after the answer', () => {
  test('a valid init resets the front’s leg and starts the relay', async () => {
    const { client, front, started, dataCentre } = await upToAnswer()
    client.says(firstData({ payload: Buffer.from('hello, data centre') }))
    await turn()
    await turn()
    expect(front.ending).toBe('reset')
    expect(started).toHaveLength(1)
    expect(started[0]?.user.name).toBe('alice')
    expect(started[0]?.dc).toBe(2)
    expect(started[0]?.firstPayload.length).toBe('hello, data centre'.length)
    expect(dataCentre.ending).toBe('open')
    expect(client.reading).toBe(false)
  })

  test.each([
    ['abridged', 0xefefefef],
    ['intermediate', 0xeeeeeeee],
    ['padded', 0xdddddddd],
  ])('an init of %s inside FakeTLS is a session', async (transport, tag) => {
    const { client, started } = await upToAnswer()
    client.says(firstData({ tag }))
    await turn()
    await turn()
    expect(started).toMatchObject([{ mode: 'tls' }])
    // The data centre is told the client's transport.
    expect(openInit(started[0]!.init, undefined)?.transport).toBe(transport)
  })

  test('an init in any pieces is one; the front sees all but the last', async () => {
    const { client, front, started } = await upToAnswer()
    const said = front.written.length
    const data = firstData()
    for (const byte of data) {
      if (client.reading) client.says(Buffer.of(byte))
      await turn()
    }
    await turn()
    expect(started).toHaveLength(1)
    expect(front.written.length - said).toBeLessThan(data.length)
  })

  test.each([
    ['plain text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an alert', Buffer.from('15030300020100', 'hex')],
    ['an empty record', Buffer.from('1703030000', 'hex')],
    ['a flood of CCS', Buffer.concat(Array.from({ length: 40 }, () => CCS))],
    ['a record too long', Buffer.from('170303ffff', 'hex')],
    ['an init of no transport', firstData({ tag: 0xdcdcdcdc })],
    ['an init of another secret', firstData({ secret: randomBytes(16) })],
    ['a record of junk', encrypted(120)],
  ])('%s is the front’s to judge', async (_name, bytes) => {
    const { client, front, started } = await upToAnswer()
    const before = front.written.length
    client.says(bytes)
    await turn()
    await turn()
    expect(front.written.subarray(before)).toEqual(bytes)
    front.says(encrypted(19))
    front.ends()
    expect(client.written.subarray(-24)).toEqual(encrypted(19))
    expect(client.ending).toBe('fin')
    expect(started).toHaveLength(0)
  })

  test('a short record goes to the front at once, and is a session if the rest comes before it reacts', async () => {
    for (const reacts of [false, true]) {
      const { client, front, started } = await upToAnswer()
      const data = firstData()
      const short = Buffer.concat([CCS, Buffer.from('1703030010', 'hex'), data.subarray(11, 27)])
      const rest = Buffer.concat([Buffer.from('1703030030', 'hex'), data.subarray(27, 75)])
      client.says(short)
      expect(front.written.subarray(-short.length)).toEqual(short)
      if (reacts) front.says(encrypted(19))
      await turn()
      client.says(rest)
      await turn()
      await turn()
      expect(started).toHaveLength(reacts ? 0 : 1)
      if (reacts) expect(front.written.subarray(-rest.length)).toEqual(rest)
    }
  })

  test('what the front says to a silent client waits for the front’s end, and then comes with it', async () => {
    const { client, front } = await upToAnswer()
    const answered = client.written.length
    front.says(encrypted(19))
    await turn()
    expect(client.written.length).toBe(answered)
    front.ends()
    await turn()
    expect(client.written.subarray(answered)).toEqual(encrypted(19))
    expect(client.ending).toBe('fin')
  })

  test.each([
    ['no such data centre', { dc: 77 }, {}, 'unknown_dc'],
    ['a data centre that is down', { dc: 2 }, { dial: { ok: false, failure: 'refused' } }, 'no_road'],
  ] as const)(
    '%s leaves the client with the front, which gets its init',
    async (_name, init, plan, result) => {
      const scene = await upToAnswer(plan)
      const before = scene.front.written.length
      const data = firstData(init)
      scene.client.says(data)
      await turn()
      await turn()
      expect(scene.front.written.subarray(before)).toEqual(data)
      expect(scene.counted('sessions_total', 'tls', result)).toBe(1)
      expect(scene.client.reading).toBe(true)
    },
  )

  test('a client that is gone when the data centre answers leaves nothing open', async () => {
    const scene = await upToAnswer({ dialLater: true })
    scene.client.says(firstData())
    await turn()
    scene.client.fails()
    scene.finishDial()
    await turn()
    await turn()
    expect(scene.dataCentre.ending).toBe('destroyed')
    expect(scene.front.ending).toBe('reset')
    expect(scene.started).toHaveLength(0)
  })

  test('a FIN that comes while the data centre is dialled reaches the front after the init', async () => {
    const scene = await upToAnswer({ dialLater: true, dial: { ok: false, failure: 'timeout' } })
    const data = firstData()
    scene.client.says(data)
    await turn()
    scene.client.ends()
    expect(scene.front.ending).toBe('open')
    scene.finishDial()
    await turn()
    await turn()
    expect(scene.front.written.subarray(-data.length)).toEqual(data)
    expect(scene.front.ending).toBe('fin')
  })
})

test('a front that leads back to us is not asked: the connection ends as a refused one would', async () => {
  const { client } = stage({ secret: SECRET, now: NOW, ownHello: true })
  client.says(hello())
  await turn()
  expect(client.ending).toBe('reset')
})

describe('an address that the lists refuse', () => {
  test('is the front’s from the first byte, and nothing of it is read', async () => {
    const { client, front, counted, started } = stage({ secret: SECRET, now: NOW, listed: () => true })
    await turn()
    const bytes = hello()
    client.says(bytes)
    expect(front.written).toEqual(bytes)
    front.says(FLIGHT)
    await turn()
    expect(client.written).toEqual(FLIGHT)
    client.says(firstData())
    await turn()
    expect(started).toHaveLength(0)
    expect(counted('front_connections_total', 'refused')).toBe(1)
    expect(counted('handshakes_total', 'ok')).toBe(0)
    expect(counted('probes_total', 'bad_digest')).toBe(0)
  })

  test('loses nothing of what it says before the front’s leg is there', async () => {
    const wheel = new Wheel()
    const [client, front] = [new ScriptedLeg(), new ScriptedLeg()]
    const tee = new Tee(client, { wheel, now: () => 0, soon: setImmediate }, () => {})
    client.handler = tee
    tee.splice()
    client.says(Buffer.from('first'))
    tee.showTo((handler) => {
      front.handler = handler
      return front
    })
    client.says(Buffer.from(' second'))
    expect(front.written.toString()).toBe('first second')
    expect(front.handler).toBe(client.handler)
  })

  describe('while the front’s leg is connecting', () => {
    /** Its hello is in the leg, and has not been looked at. */
    function greeting() {
      const [client, front] = [new ScriptedLeg(), new ScriptedLeg()]
      front.connected = false
      front.takes = false
      const tee = new Tee(client, { wheel: new Wheel(), now: () => 0, soon: setImmediate }, () => {})
      client.handler = tee
      tee.showTo((handler) => {
        front.handler = handler
        return front
      })
      const told: string[] = []
      void tee.hello().then(({ state }) => told.push(state))
      const bytes = hello()
      client.says(bytes)
      return { client, front, tee, told, bytes }
    }

    test('is looked at after the loop has looked at that', async () => {
      const { front, told, bytes } = greeting()
      expect(front.written).toEqual(bytes)
      await Promise.resolve()
      expect(told).toEqual([])
      await turn()
      expect(told).toEqual(['hello'])
    })

    test.each<[string, (legs: ReturnType<typeof greeting>) => void]>([
      ['the front speaks', ({ front }) => front.says(FLIGHT)],
      ['the front is lost', ({ front }) => front.fails('ECONNREFUSED')],
      ['it says FIN', ({ client }) => client.ends()],
      ['it is lost', ({ client }) => client.fails()],
    ])('and before anything else is told: %s', async (_what, happens) => {
      const legs = greeting()
      happens(legs)
      await Promise.resolve()
      expect(legs.told).toEqual(['hello'])
      expect(legs.client.writes).toBe(0)
    })

    test('goes on being read until it is whole', async () => {
      const [client, front] = [new ScriptedLeg(), new ScriptedLeg()]
      front.connected = false
      front.takes = false
      const tee = new Tee(client, { wheel: new Wheel(), now: () => 0, soon: setImmediate }, () => {})
      client.handler = tee
      tee.showTo(() => front)
      const said = tee.hello()
      const bytes = hello()
      for (const byte of bytes) client.says(Buffer.of(byte))
      expect((await said).state).toBe('hello')
      expect(front.written).toEqual(bytes)
    })
  })

  describe('while the front’s leg waits for a descriptor', () => {
    function waiting() {
      const client = new ScriptedLeg()
      const calledOff = vi.fn<() => void>()
      const tee = new Tee(client, { wheel: new Wheel(), now: () => 0, soon: setImmediate }, () => {})
      client.handler = tee
      tee.awaitFront(calledOff)
      return { client, tee, calledOff }
    }

    test('goes, and nothing waits any more', () => {
      const { client, tee, calledOff } = waiting()
      void tee.hello()
      client.says(hello().subarray(0, 500))
      client.closes()
      expect(calledOff).toHaveBeenCalledTimes(1)
      expect(tee.firstBytes).toHaveLength(0)
    })

    test('is served without it, and none is dialled later', () => {
      const stands = new ScriptedLeg()
      const { tee, calledOff } = waiting()
      tee.answerWithout(Buffer.from('flight'), () => stands)
      expect(calledOff).toHaveBeenCalledTimes(1)
      const other = waiting()
      other.tee.leave()
      expect(other.calledOff).toHaveBeenCalledTimes(1)
    })

    test('asks for another site, and is shown to that one', async () => {
      const { client, tee } = waiting()
      const said = tee.hello()
      const bytes = hello()
      client.says(bytes)
      expect((await said).state).toBe('hello')
      const [first, second] = [new ScriptedLeg(), new ScriptedLeg()]
      expect(tee.moveTo(() => second)).toBe(true)
      tee.showTo(() => first)
      expect(first.writes).toBe(0)
      expect(second.written).toEqual(bytes)
    })
  })

  test('since the connection began: no session begins, and the front gets the bytes', async () => {
    let listed = false
    const scene = await upToAnswer({ dialLater: true, listed: () => listed })
    const bytes = firstData()
    scene.client.says(bytes)
    await turn()
    listed = true
    scene.finishDial()
    await turn()
    expect(scene.started).toHaveLength(0)
    expect(scene.dataCentre.ending).toBe('destroyed')
    expect(scene.front.written.subarray(-bytes.length)).toEqual(bytes)
    expect(scene.counted('front_connections_total', 'refused')).toBe(1)
  })
})
