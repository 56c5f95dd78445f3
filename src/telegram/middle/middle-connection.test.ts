import type { Cipheriv, Decipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../../test/doubles/scripted-leg.ts'
import { seededRandom } from '../../../test/vectors/vectors.ts'
import { Wheel } from '../../net/wheel.ts'
import { type Checksum, crc32, crc32c } from '../../protocol/middle/checksum.ts'
import {
  keySelector,
  readHandshake,
  readNonce,
  writeHandshake,
  writeHandshakeError,
  writeNonce,
} from '../../protocol/middle/handshake.ts'
import { blockCipher, blockDecipher, deriveKey } from '../../protocol/middle/key-derivation.ts'
import {
  readProxyRequest,
  writeAnswer,
  writeCloseExt,
  writePing,
  writeSimpleAck,
} from '../../protocol/middle/rpc.ts'
import { RpcFrameReader, writeRpcFrame } from '../../protocol/middle/rpc-frame.ts'
import type { MiddleReceiver } from '../../relay/middle-link.ts'
import type { MiddleFailureDetail } from './failure.ts'
import { MiddleConnection } from './middle-connection.ts'
import { MiddleOpening } from './middle-opening.ts'

const SECRET = Buffer.alloc(128, 5)
const NOW = 1_700_000_000
const SERVER = { address: Buffer.from([192, 0, 2, 1]), port: 8888 }
const SELF = { address: Buffer.from([198, 51, 100, 7]), port: 40_000 }
const PEER = Buffer.alloc(12, 1)
const CLIENT = {
  transport: 'padded' as const,
  client: { address: Buffer.from([203, 0, 113, 5]), port: 5000 },
  adTag: Buffer.alloc(16, 0xab),
}

/** Both sides of one connection; the server's is played step by step. */
class Scene {
  readonly leg = new ScriptedLeg()
  readonly wheel = new Wheel()
  readonly failures: MiddleFailureDetail[] = []
  readonly odd: string[] = []
  connection: MiddleConnection | undefined
  #cipher!: Cipheriv
  #decipher!: Decipheriv
  #checksum: Checksum = crc32
  #sequence = -2
  #seen = 0
  #frames = new RpcFrameReader({ sequence: -2, checksum: crc32 })

  constructor({ offerCrc32c = false } = {}) {
    const random = seededRandom('opening')
    const dependencies = { wheel: this.wheel, crc32, random, unixSeconds: () => NOW }
    const failed = (detail: MiddleFailureDetail) => this.failures.push(detail)
    new MiddleOpening(
      { leg: this.leg, secret: SECRET, server: SERVER, self: SELF, offerCrc32c },
      dependencies,
      {
        failed,
        agreed: (agreement) => {
          this.connection = new MiddleConnection({ agreement, self: SELF }, dependencies, {
            over: (_connection, detail) => failed(detail),
            odd: (kind) => this.odd.push(kind),
          })
          this.connection.begin()
        },
      },
    ).begin()
  }

  /** Payloads that came since the last call. */
  read(): Buffer[] {
    const fresh = this.leg.written.subarray(this.#seen)
    this.#seen += fresh.length
    const payloads: Buffer[] = []
    const plain = this.#decipher ? this.#decipher.update(fresh) : fresh
    this.#frames.read(plain, (payload) => payloads.push(Buffer.from(payload)) > 0)
    return payloads
  }

  nonce(behind = 0): Buffer {
    const reading = readNonce(this.read()[0]!, keySelector(SECRET))
    if (!reading.ok) throw new Error(reading.code)
    const ours = { selector: keySelector(SECRET), timestamp: NOW - behind, nonce: Buffer.alloc(16, 9) }
    const material = {
      secret: SECRET,
      serverNonce: ours.nonce,
      clientNonce: reading.nonce.nonce,
      clientTimestamp: reading.nonce.timestamp,
      server: SERVER,
      client: SELF,
    }
    this.#cipher = blockCipher(deriveKey(material, 'SERVER'))
    this.#decipher = blockDecipher(deriveKey(material, 'CLIENT'))
    this.#frames = new RpcFrameReader({ sequence: -1, checksum: crc32 })
    return writeRpcFrame(this.#sequence++, [writeNonce(ours)], crc32, 4)
  }

  /** A payload as it goes on the wire. */
  seal(payload: Buffer): Buffer {
    return this.#cipher.update(writeRpcFrame(this.#sequence++, [payload], this.#checksum))
  }

  /** The answer to the handshake that came. */
  handshake(takesCrc32c = false): Buffer {
    const reading = readHandshake(this.read()[0]!)
    if (!reading.ok) throw new Error(reading.code)
    const { sender, crc32c: offered } = reading.handshake
    const sealed = this.seal(writeHandshake({ crc32c: takesCrc32c, sender: PEER, peer: sender }))
    if (takesCrc32c && offered) {
      this.#checksum = crc32c
      this.#frames.checksum = crc32c
    }
    return sealed
  }

  ready(): MiddleConnection {
    this.leg.says(this.nonce())
    this.leg.says(this.handshake())
    return this.connection!
  }

  /** A client's link with what it was told. */
  link(connection = this.connection!) {
    const told: string[] = []
    const link = connection.open(CLIENT)
    link.receiver = {
      onAnswer: (message) => void told.push(`answer ${message.length}`),
      onQuickAck: (token) => void told.push(`ack ${token.toString(16)}`),
      onAnswersRead: () => void told.push('read'),
      onLinkDrain: () => void told.push('drain'),
      onLinkEnd: (how) => void told.push(how),
    } satisfies MiddleReceiver
    link.send(Buffer.alloc(56, 1), { encrypted: true, quickAck: false })
    const request = readProxyRequest(this.read().at(-1)!)!
    return { link, told, id: Buffer.from(request.connection), request }
  }
}

describe('opening', () => {
  test('nonces, handshakes, and a client’s first request with its ad tag', () => {
    const scene = new Scene()
    scene.ready()
    const { request } = scene.link()
    expect(scene.failures).toEqual([])
    expect(request).toMatchObject({ adTag: CLIENT.adTag, encrypted: true, quickAck: false })
    expect(request.client.port).toBe(5000)
  })

  test('however the answers were cut, and with calls right behind the handshake', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }), (cuts) => {
        const scene = new Scene()
        scene.leg.says(scene.nonce())
        const wire = Buffer.concat([scene.handshake(), scene.seal(writePing(Buffer.alloc(8, 3)))])
        let at = 0
        for (const cut of [...cuts, wire.length]) {
          if (at < wire.length) scene.leg.says(wire.subarray(at, at + cut))
          at += cut
        }
        expect(scene.read().map((payload) => payload.subarray(4).toString('hex'))).toEqual(['03'.repeat(8)])
      }),
      { numRuns: 50 },
    )
  })

  test('CRC-32C where both want it', () => {
    const scene = new Scene({ offerCrc32c: true })
    scene.leg.says(scene.nonce())
    scene.leg.says(scene.handshake(true))
    expect(scene.link().request.adTag).toEqual(CLIENT.adTag)
    const { told, id } = scene.link()
    scene.leg.says(scene.seal(writeAnswer(id, Buffer.alloc(40))))
    expect(told).toEqual(['answer 40', 'read'])
  })

  test.each<[string, (scene: Scene) => void, object]>([
    ['an end before the nonce', ({ leg }) => leg.ends(), { failure: 'nonce_refused', code: 'closed' }],
    ['a reset before it', ({ leg }) => leg.fails(), { failure: 'nonce_refused', code: 'reset' }],
    ['silence', ({ wheel }) => wheel.advance(11_000), { failure: 'timeout' }],
    [
      'a clock that differs',
      (scene) => scene.leg.says(scene.nonce(31)),
      { failure: 'clock', clockDifference: -31 },
    ],
    [
      'an end after the nonce',
      (scene) => {
        scene.leg.says(scene.nonce())
        scene.leg.ends()
      },
      { failure: 'keys_refused', code: 'closed' },
    ],
    [
      'what is encrypted with other keys',
      (scene) => {
        scene.leg.says(scene.nonce())
        scene.leg.says(Buffer.alloc(64, 7))
      },
      { failure: 'protocol', code: 'bad_length' },
    ],
    [
      'a refusal by code',
      (scene) => {
        scene.leg.says(scene.nonce())
        scene.leg.says(scene.seal(writeHandshakeError(-4, PEER)))
      },
      { failure: 'handshake', code: 'refused_peer' },
    ],
    [
      'somebody else’s handshake',
      (scene) => {
        scene.leg.says(scene.nonce())
        scene.leg.says(scene.seal(writeHandshake({ crc32c: false, sender: PEER, peer: PEER })))
      },
      { failure: 'handshake', code: 'other_peer' },
    ],
    [
      'a frame that no nonce needs',
      ({ leg }) => leg.says(Buffer.from('00020100feffffff', 'hex')),
      { failure: 'handshake', code: 'bad_length' },
    ],
  ])('fails once: %s', (_name, act, expected) => {
    const scene = new Scene()
    act(scene)
    scene.leg.closes()
    scene.wheel.advance(60_000)
    expect(scene.failures).toEqual([expected])
    expect(scene.leg.ending).toBe('destroyed')
  })
})

describe('a connection that is ready', () => {
  test('each client gets what is its own', () => {
    const scene = new Scene()
    scene.ready()
    const [one, two] = [scene.link(), scene.link()]
    expect(scene.connection!.load).toBe(2)
    const calls = [
      writeAnswer(one.id, Buffer.alloc(40)),
      writeSimpleAck(two.id, 0xa1b2c3d4),
      writeAnswer(one.id, Buffer.alloc(8)),
      writeCloseExt(two.id),
    ]
    scene.leg.says(Buffer.concat(calls.map((call) => scene.seal(call))))
    expect(one.told).toEqual(['answer 40', 'answer 8', 'read'])
    expect(two.told).toEqual(['ack a1b2c3d4', 'closed'])
    expect(scene.connection!.load).toBe(1)
    two.link.close()
    expect(scene.read()).toEqual([])
  })

  test('a client that leaves: the middle proxy is told, and answers to it are refused', () => {
    const scene = new Scene()
    scene.ready()
    const { link, id, told } = scene.link()
    link.close()
    link.close()
    scene.leg.says(scene.seal(writeAnswer(id, Buffer.alloc(40))))
    const types = scene.read().map((payload) => payload.readUInt32LE(0).toString(16))
    expect([types, told, scene.odd]).toEqual([['1fcf425d', '1fcf425d'], [], ['unknown_client']])
  })

  test('what makes no sense is counted and changes nothing', () => {
    const scene = new Scene()
    scene.ready()
    const { told, id } = scene.link()
    for (const payload of ['', '01020304', '0dda0344', '9b40ac3b00', 'a234b65e0000000000000000']) {
      scene.leg.says(scene.seal(Buffer.from(payload.padEnd(Math.ceil(payload.length / 8) * 8, '0'), 'hex')))
    }
    scene.leg.says(scene.seal(writeAnswer(id, Buffer.alloc(8))))
    expect(scene.odd).toEqual(['malformed', 'unknown_call', 'malformed', 'malformed'])
    expect(told).toEqual(['answer 8', 'read'])
    expect(scene.failures).toEqual([])
  })

  test('drain is passed on', () => {
    const scene = new Scene()
    scene.ready()
    const { told } = scene.link()
    scene.leg.drains()
    expect(told).toEqual(['drain'])
  })

  test('silence is asked about, and an answer is enough', () => {
    const scene = new Scene()
    scene.ready()
    scene.wheel.advance(31_000)
    const [ping] = scene.read()
    expect(ping!.readUInt32LE(0)).toBe(0x5730a2df)
    scene.leg.says(scene.seal(Buffer.concat([Buffer.from('a7ea3084', 'hex'), ping!.subarray(4)])))
    scene.wheel.advance(31_000)
    expect(scene.failures).toEqual([])
    scene.wheel.advance(46_000)
    expect(scene.failures).toEqual([{ failure: 'silent' }])
  })

  test('somebody who asks and never reads is given up before much is held for it', () => {
    const scene = new Scene()
    scene.ready()
    const { told } = scene.link()
    scene.leg.takes = false
    const ping = writePing(Buffer.alloc(8))
    for (let n = 0; n < 5000 && scene.failures.length === 0; n++) scene.leg.says(scene.seal(ping))
    expect(scene.failures).toEqual([{ failure: 'protocol', code: 'replies_not_read' }])
    expect(told).toEqual(['lost'])
    expect(scene.leg.written.length).toBeLessThan(256 * 1024)
  })

  test('a loss tells every client, once', () => {
    const scene = new Scene()
    scene.ready()
    const links = [scene.link(), scene.link()]
    scene.leg.fails()
    scene.leg.closes()
    expect(links.map(({ told }) => told)).toEqual([['lost'], ['lost']])
    for (const { link } of links) {
      link.send(Buffer.alloc(56), { encrypted: true, quickAck: false })
      link.close()
    }
    expect(scene.read()).toEqual([])
    expect(scene.failures).toEqual([{ failure: 'reset' }])
  })
})
