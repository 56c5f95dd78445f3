import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { addressBytes } from '../ip-address.ts'
import type { Transport } from '../obfuscated2.ts'
import { crc32, crc32c } from './checksum.ts'
import {
  keySelector,
  readHandshake,
  readNonce,
  writeHandshake,
  writeHandshakeError,
  writeNonce,
  writeProcessId,
} from './handshake.ts'
import { blockCipher, blockDecipher, deriveKey, keyInput } from './key-derivation.ts'
import {
  proxyRequestHeader,
  readCall,
  readProxyRequest,
  type ServerCall,
  setMessageFlags,
  writeAnswer,
  writeCloseConn,
  writeCloseExt,
  writePing,
  writePong,
  writeSimpleAck,
} from './rpc.ts'
import {
  FIRST_SEQUENCE,
  HANDSHAKE_SEQUENCE,
  MAX_RPC_FRAME,
  NONCE_SEQUENCE,
  RpcFrameReader,
  writeRpcFrame,
} from './rpc-frame.ts'

const FLAG_AD_TAG = 0x8
const FLAG_PAD = 0x08000000

function materialOf(vector: (typeof vectors.middle_kdf)[number]) {
  return {
    secret: hex(vector.secret),
    serverNonce: hex(vector.nonce_server),
    clientNonce: hex(vector.nonce_client),
    clientTimestamp: vector.client_timestamp,
    server: { address: addressBytes(vector.server_address)!, port: vector.server_port },
    client: { address: addressBytes(vector.client_address)!, port: vector.client_port },
  }
}

describe('key derivation', () => {
  test.each(vectors.middle_kdf)('$id', (vector) => {
    const material = materialOf(vector)
    expect(keySelector(material.secret)).toEqual(hex(vector.key_selector))
    expect(keyInput(material, 'CLIENT').toString('hex')).toBe(vector.client_to_server_kdf_input)
    expect(keyInput(material, 'SERVER').toString('hex')).toBe(vector.server_to_client_kdf_input)
    expect(deriveKey(material, 'CLIENT')).toEqual({
      key: hex(vector.client_to_server_key),
      iv: hex(vector.client_to_server_iv),
    })
    expect(deriveKey(material, 'SERVER')).toEqual({
      key: hex(vector.server_to_client_key),
      iv: hex(vector.server_to_client_iv),
    })
  })

  test.each(vectors.middle_kdf.filter((one) => 'client_nonce_frame' in one))(
    'the frames of $id',
    (vector) => {
      const selector = hex(vector.key_selector)
      for (const [frame, nonce] of [
        [vector.client_nonce_frame!, vector.nonce_client],
        [vector.server_nonce_frame!, vector.nonce_server],
      ] as const) {
        const reading = readNonce(payloadOf(hex(frame), NONCE_SEQUENCE), selector)
        expect(reading).toEqual({
          ok: true,
          nonce: { selector, timestamp: vector.client_timestamp, nonce: hex(nonce) },
        })
        if (!reading.ok) return
        expect(writeRpcFrame(NONCE_SEQUENCE, [writeNonce(reading.nonce)], crc32, 4)).toEqual(hex(frame))
      }
      const plain = hex(vector.client_handshake_frame_plain!)
      const handshake = readHandshake(payloadOf(plain, HANDSHAKE_SEQUENCE))
      expect(handshake).toMatchObject({ ok: true, handshake: { crc32c: true } })
      if (!handshake.ok) return
      expect(writeRpcFrame(HANDSHAKE_SEQUENCE, [writeHandshake(handshake.handshake)], crc32, 4)).toEqual(
        plain,
      )
    },
  )
})

function payloadOf(frame: Buffer, sequence: number, checksum = crc32): Buffer {
  let payload = Buffer.alloc(0)
  const fault = new RpcFrameReader({ sequence, checksum }).read(frame, (bytes) => {
    payload = Buffer.from(bytes)
    return true
  })
  expect(fault).toBeUndefined()
  return payload
}

describe.each(vectors.middle_sessions)('$id', (session) => {
  const material = materialOf(vectors.middle_kdf.find(({ id }) => id === session.kdf)!)

  test.each(['c2s', 's2c'] as const)('%s: written as it was, and read in any cuts', (direction) => {
    const key = deriveKey(material, direction === 'c2s' ? 'CLIENT' : 'SERVER')
    const steps = session.steps.filter(({ dir }) => dir === direction)
    const cipher = blockCipher(key)
    for (const { seq, payload, frame, frame_padded: padded, wire } of steps) {
      const align = seq === NONCE_SEQUENCE ? 4 : 16
      const written = writeRpcFrame(seq, [hex(payload)], crc32, align)
      expect(written.toString('hex')).toBe(padded ?? frame)
      const sent = seq === NONCE_SEQUENCE ? written : cipher.update(written)
      expect(sent.toString('hex')).toBe(wire)
    }

    const encrypted = steps.filter(({ seq }) => seq !== NONCE_SEQUENCE)
    const stream = Buffer.concat(encrypted.map(({ wire }) => hex(wire)))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 }), (sizes) => {
        const decipher = blockDecipher(key)
        const reader = new RpcFrameReader({ sequence: HANDSHAKE_SEQUENCE, checksum: crc32 })
        const read: string[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + sizes[i % sizes.length]!
          const fault = reader.read(decipher.update(stream.subarray(at, end)), (payload) => {
            read.push(payload.toString('hex'))
            return true
          })
          expect(fault).toBeUndefined()
          at = end
        }
        expect(read).toEqual(encrypted.map(({ payload }) => payload))
      }),
      { numRuns: 30 },
    )
  })

  test('the calls', () => {
    const connection = hex(session.conn_id)
    const step = (what: string) => hex(session.steps.find((one) => one.what.startsWith(what))!.payload)
    const id = hex('8877665544332211')
    const answer = step('RPC_PROXY_ANS')
    expect(readCall(answer)).toEqual({
      kind: 'answer',
      flags: 0,
      connection,
      message: answer.subarray(16),
    } satisfies ServerCall)
    expect(writeAnswer(connection, answer.subarray(16))).toEqual(answer)
    const ack = step('RPC_SIMPLE_ACK')
    expect(readCall(ack)).toEqual({ kind: 'simple_ack', connection, token: 0xa1b2c3d4 })
    expect(writeSimpleAck(connection, 0xa1b2c3d4)).toEqual(ack)
    expect(readCall(step('RPC_PING'))).toEqual({ kind: 'ping', id })
    expect(writePing(id)).toEqual(step('RPC_PING'))
    expect(readCall(step('RPC_PONG'))).toEqual({ kind: 'pong', id })
    expect(writePong(id)).toEqual(step('RPC_PONG'))
    expect(readCall(step('RPC_CLOSE_EXT'))).toEqual({ kind: 'close_ext', connection })
    expect(writeCloseExt(connection)).toEqual(step('RPC_CLOSE_EXT'))
    expect(readCall(step('RPC_CLOSE_CONN'))).toEqual({ kind: 'close_conn', connection })
    expect(writeCloseConn(connection)).toEqual(step('RPC_CLOSE_CONN'))
  })

  test('the nonce and the handshake', () => {
    const [, theirs] = session.steps.filter(({ seq }) => seq === NONCE_SEQUENCE)
    const selector = keySelector(material.secret)
    expect(readNonce(hex(theirs!.payload), selector)).toMatchObject({
      ok: true,
      nonce: { nonce: material.serverNonce },
    })
    const [sent, answered] = session.steps.filter(({ seq }) => seq === HANDSHAKE_SEQUENCE)
    const [first, second] = [readHandshake(hex(sent!.payload)), readHandshake(hex(answered!.payload))]
    if (!first.ok || !second.ok) throw new Error('not read')
    expect(second.handshake.peer).toEqual(first.handshake.sender)
    expect(writeHandshake(first.handshake)).toEqual(hex(sent!.payload))
  })
})

function endOf(text: string) {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replace(/[[\]]/g, '')
  return { address: addressBytes(host)!, port: Number(text.slice(at + 1)) }
}

describe('RPC_PROXY_REQ', () => {
  const made = vectors.rpc_proxy_req.filter((one) => 'conn_id' in one && 'client' in one && 'rpc' in one)

  test.each(made.map((one, index) => [`${index} ${one.made_by} ${one.transport}`, one] as const))(
    '%s',
    (_name, vector) => {
      const rpc = hex(vector.rpc)
      const read = readProxyRequest(rpc)!
      const data = hex(vector.data)
      expect(read.message).toEqual(data)
      expect(read.quickAck).toBe(vector.quick_ack)
      expect(read.encrypted).toBe(!vector.auth_key_id_zero)
      const { ad_tag: tag } = vector as { ad_tag?: string | null }
      expect(read.adTag?.toString('hex') ?? null).toBe(tag ?? null)

      const transport: Transport =
        vector.transport === 'padded_intermediate' ? 'padded' : (vector.transport as Transport)
      const header = proxyRequestHeader({
        transport,
        connection: hex(vector.conn_id),
        client: endOf(vector.client),
        our: endOf(vector.our),
        adTag: tag ? hex(tag) : undefined,
      })
      setMessageFlags(header, { encrypted: !vector.auth_key_id_zero, quickAck: vector.quick_ack })
      // mtprotoproxy marks padded clients, the official proxy does not.
      const expected = Buffer.from(rpc)
      expected.writeUInt32LE((rpc.readUInt32LE(4) & ~FLAG_PAD) >>> 0, 4)
      expect(Buffer.concat([header, data]).toString('hex')).toBe(expected.toString('hex'))
    },
  )

  // As the official proxy was seen to set them, with an ad tag and without.
  test.each<[Transport, boolean, boolean, number]>([
    ['abridged', false, false, 0x4002100a],
    ['abridged', true, false, 0x40021008],
    ['abridged', true, true, 0xc0021008],
    ['intermediate', false, false, 0x2002100a],
    ['intermediate', true, false, 0x20021008],
    ['intermediate', false, true, 0xa002100a],
    ['padded', false, false, 0x2002100a],
    ['padded', true, true, 0xa0021008],
  ])('flags: %s, encrypted %s, quick ack %s', (transport, encrypted, quickAck, flags) => {
    const end = { address: Buffer.alloc(4, 1), port: 1 }
    const connection = Buffer.alloc(8)
    for (const adTag of [Buffer.alloc(16, 2), undefined]) {
      const header = proxyRequestHeader({ transport, connection, client: end, our: end, adTag })
      setMessageFlags(header, { encrypted, quickAck })
      expect(header.readUInt32LE(4)).toBe(adTag ? flags : flags - FLAG_AD_TAG)
    }
  })

  test('any bytes are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, proper) => {
        const payload = Buffer.from(bytes)
        if (proper && payload.length >= 8) payload.writeUInt32LE(0x36cef1ee, 0)
        readProxyRequest(payload)
        readCall(payload)
        readHandshake(payload)
        readNonce(payload, Buffer.alloc(4))
      }),
    )
  })
})

describe('checksums', () => {
  test.each(vectors.crc)('$kind', (vector) => {
    const checksum = vector.kind.endsWith('crc32c') ? crc32c : crc32
    if ('data_text' in vector) {
      expect(checksum(Buffer.from(vector.data_text)).toString(16)).toBe(vector.value)
    } else {
      expect(writeRpcFrame(vector.seq, [hex(vector.payload)], checksum, 4)).toEqual(hex(vector.frame))
    }
  })

  test('continued over any cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        for (const checksum of [crc32, crc32c]) {
          expect(checksum(bytes.subarray(at), checksum(bytes.subarray(0, at)))).toBe(checksum(bytes))
        }
      }),
    )
  })
})

describe('RpcFrameReader', () => {
  test('any frames, with any padding between them, in any cuts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ words: fc.nat(3000), align: fc.constantFrom<4 | 16>(4, 16) }), { maxLength: 9 }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 9 }),
        fc.constantFrom(crc32, crc32c),
        (plan, sizes, checksum) => {
          const random = seededRandom('rpc')
          const payloads = plan.map(({ words }) => random(words * 4))
          const wire = Buffer.concat(
            payloads.map((payload, i) => writeRpcFrame(i, [payload], checksum, plan[i]!.align)),
          )
          const reader = new RpcFrameReader({ sequence: FIRST_SEQUENCE, checksum })
          const read: Buffer[] = []
          for (let at = 0, i = 0; at < wire.length; i++) {
            const part = Buffer.from(wire.subarray(at, at + sizes[i % sizes.length]!))
            at += part.length
            const fault = reader.read(part, (payload) => {
              read.push(Buffer.from(payload))
              return true
            })
            expect(fault).toBeUndefined()
            part.fill(0xa5)
          }
          expect(read).toEqual(payloads)
        },
      ),
      { numRuns: 60 },
    )
  })

  test.each([
    ['a length of 8', 'bad_length', hex('08000000 00000000')],
    ['a length that is no whole word', 'bad_length', hex('0d000000 00000000')],
    ['a length above the limit', 'bad_length', hex('00000100')],
    ['another number', 'bad_sequence', writeRpcFrame(1, [Buffer.alloc(4)], crc32)],
    ['another checksum', 'bad_checksum', writeRpcFrame(0, [Buffer.alloc(4)], crc32c)],
  ])('%s is a fault for good', (_name, code, wire) => {
    const reader = new RpcFrameReader({ sequence: 0, checksum: crc32, limit: 1024 })
    const none = () => {
      throw new Error('no frame was expected')
    }
    expect(reader.read(Buffer.from(wire), none)).toBe(code)
    expect(reader.read(writeRpcFrame(0, [Buffer.alloc(4)], crc32), none)).toBe(code)
  })

  test('numbers wrap round', () => {
    const reader = new RpcFrameReader({ sequence: 0x7fffffff, checksum: crc32 })
    const read: number[] = []
    for (const sequence of [0x7fffffff, -0x80000000]) {
      const fault = reader.read(writeRpcFrame(sequence, [Buffer.alloc(4)], crc32), (payload) => {
        read.push(payload.length)
        return true
      })
      expect(fault).toBeUndefined()
    }
    expect(read).toEqual([4, 4])
  })

  test('whoever reads the last frame of a layer can take the bytes behind it', () => {
    const reader = new RpcFrameReader({ sequence: NONCE_SEQUENCE, checksum: crc32 })
    const frame = writeRpcFrame(NONCE_SEQUENCE, [Buffer.alloc(32)], crc32, 4)
    expect(reader.read(Buffer.concat([frame, Buffer.from('behind it')]), () => false)).toBeUndefined()
    expect(reader.takeRest().toString()).toBe('behind it')
    expect(MAX_RPC_FRAME).toBeGreaterThan(2 ** 22)
  })
})

describe('handshake', () => {
  const id = writeProcessId({ address: Buffer.from([203, 0, 113, 5]), port: 40_000, pid: 99_999, started: 7 })

  test('a process id has its address as a host integer', () => {
    expect(id.toString('hex')).toBe('057100cb409c9f8607000000')
  })

  test.each([
    [-3, 'refused_length'],
    [-4, 'refused_peer'],
    [-6, 'refused_sender'],
    [-7, 'refused_flags'],
    [-8, 'refused_crc32c'],
    [-99, 'refused'],
  ])('error %i is %s', (refusal, code) => {
    expect(readHandshake(writeHandshakeError(refusal, id))).toEqual({ ok: false, code, refusal })
  })

  test('flags that nobody knows are refused', () => {
    const payload = writeHandshake({ crc32c: false, sender: id, peer: id })
    payload[4] = 1
    expect(readHandshake(payload)).toEqual({ ok: false, code: 'other_flags' })
  })

  test.each([
    ['another type', 'not_a_nonce', Buffer.alloc(32)],
    ['another length', 'not_a_nonce', Buffer.alloc(31)],
    [
      'another key',
      'unknown_key',
      writeNonce({ selector: Buffer.from('efgh'), timestamp: 1, nonce: Buffer.alloc(16) }),
    ],
  ])('a nonce with %s', (_name, code, payload) => {
    expect(readNonce(payload, Buffer.from('abcd'))).toEqual({ ok: false, code })
  })
})
