import { createECDH, decapsulate, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { answerShare, canAnswer } from './answer-share.ts'

const HYBRID = 0x11ec
const X25519 = 0x001d
const P256 = 0x0017

const rawKey = (type: 'x25519' | 'ml-kem-768', size: number) => {
  // The overloads of @types/node take one literal each.
  const pair = type === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ml-kem-768')
  return { ...pair, raw: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-size) }
}

describe('answerShare', () => {
  it('answers X25519MLKEM768 with a ciphertext that only the client can open, and a point', () => {
    const kem = rawKey('ml-kem-768', 1184)
    const curve = rawKey('x25519', 32)
    const answer = answerShare(HYBRID, Buffer.concat([kem.raw, curve.raw]))!
    expect(answer).toHaveLength(1120)
    expect(decapsulate(kem.privateKey, answer.subarray(0, 1088))).toHaveLength(32)
    // A point's last bit is clear (RFC 7748 §5).
    expect(answer[1119]! & 0x80).toBe(0)
  })

  it('never gives the same answer twice', () => {
    const { raw } = rawKey('x25519', 32)
    expect(answerShare(X25519, raw)).not.toEqual(answerShare(X25519, raw))
  })

  it('answers P-256 with a point on the curve', () => {
    const client = createECDH('prime256v1')
    const answer = answerShare(P256, client.generateKeys())!
    expect(answer).toHaveLength(65)
    expect(client.computeSecret(answer)).toHaveLength(32)
  })

  it('refuses what a server refuses', () => {
    const kem = rawKey('ml-kem-768', 1184).raw
    const outOfRange = Buffer.from(kem).fill(0xff, 0, 3)
    const point = rawKey('x25519', 32).raw
    const zero = Buffer.alloc(32)
    for (const [group, share] of [
      [X25519, zero],
      [X25519, Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])],
      [X25519, randomBytes(31)],
      [HYBRID, Buffer.concat([outOfRange, point])],
      [HYBRID, Buffer.concat([kem, zero])],
      [HYBRID, kem],
      [P256, Buffer.alloc(65, 4)],
      [P256, Buffer.alloc(0)],
      [0x6399, randomBytes(32)],
    ] as const) {
      expect(answerShare(group, share), `${group} ${share.length}`).toBeUndefined()
    }
    expect(canAnswer(0x6399)).toBe(false)
  })
})
