import { Buffer } from 'node:buffer'
import {
  createECDH,
  createPublicKey,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { X25519, X25519_MLKEM768 } from './constants.ts'

/** SubjectPublicKeyInfo up to the raw key: X25519 (RFC 8410), ML-KEM-768 (RFC 9935). */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex')
const ML_KEM_SPKI = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex')

const X25519_SIZE = 32
const ML_KEM_KEY_SIZE = 1184

/** NIST curves by their named group (RFC 8446 §4.2.7). */
const CURVES: ReadonlyMap<number, string> = new Map([
  [0x0017, 'prime256v1'],
  [0x0018, 'secp384r1'],
  [0x0019, 'secp521r1'],
])

/** Whether `answerShare` knows the group. */
export function canAnswer(group: number): boolean {
  return group === X25519 || group === X25519_MLKEM768 || CURVES.has(group)
}

/**
 * A server's key share for a client's, made as a server makes one: the share of a fresh key pair, or an encapsulation to
 * the client's own key. Undefined for a client share that a server refuses (its length, a point off the curve or of small
 * order, a coefficient out of range) and for groups that we do not know. The shared secret is thrown away.
 */
export function answerShare(group: number, clientShare: Uint8Array): Buffer | undefined {
  try {
    if (group === X25519) return x25519(clientShare)
    if (group === X25519_MLKEM768) return hybrid(clientShare)
    const curve = CURVES.get(group)
    return curve === undefined ? undefined : onCurve(curve, clientShare)
  } catch {
    // What OpenSSL, which Node's cryptography is, refuses.
    return undefined
  }
}

function x25519(clientShare: Uint8Array): Buffer | undefined {
  if (clientShare.length !== X25519_SIZE) return undefined
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  // It throws where the shared secret would be zero (RFC 8446 §7.4.2).
  diffieHellman({ privateKey, publicKey: imported(X25519_SPKI, clientShare) })
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-X25519_SIZE)
}

/** draft-ietf-tls-ecdhe-mlkem §4: the client sends ML-KEM key ‖ X25519, the server ciphertext ‖ X25519. */
function hybrid(clientShare: Uint8Array): Buffer | undefined {
  if (clientShare.length !== ML_KEM_KEY_SIZE + X25519_SIZE) return undefined
  const classical = x25519(clientShare.subarray(ML_KEM_KEY_SIZE))
  if (classical === undefined) return undefined
  const { ciphertext } = encapsulate(imported(ML_KEM_SPKI, clientShare.subarray(0, ML_KEM_KEY_SIZE)))
  return Buffer.concat([ciphertext, classical])
}

function onCurve(curve: string, clientShare: Uint8Array): Buffer {
  const own = createECDH(curve)
  const share = own.generateKeys()
  own.computeSecret(clientShare)
  return share
}

function imported(prefix: Buffer, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' })
}
