import { createHash, randomBytes } from 'node:crypto'
import { AuthKey } from './auth-key.ts'
import { id, nameOf } from './constructors.ts'
import { DH_GENERATOR, DH_PRIME, DhHalf } from './diffie-hellman.ts'
import { openIge, sealIge } from './ige.ts'
import type { ServerRsaKey } from './rsa-key.ts'
import { TlReader, TlWriter } from './tl.ts'

/** The example of https://core.telegram.org/mtproto/samples-auth_key. */
const P = Buffer.from('494c553b', 'hex')
const Q = Buffer.from('53911073', 'hex')
const PQ = Buffer.from('17ed48941a08f981', 'hex')

const KEEPS_DC: readonly number[] = [id.p_q_inner_data_dc, id.p_q_inner_data_temp_dc]
const INNER_DATA: readonly number[] = [...KEEPS_DC, id.p_q_inner_data, id.p_q_inner_data_temp]

export class KeyExchangeError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

interface ExchangeDependencies {
  readonly rsaKey: ServerRsaKey
  readonly now: () => number
  readonly agreed: (key: AuthKey, dc: number | undefined) => void
}

/** Server side of the creation of an auth key (https://core.telegram.org/mtproto/auth_key), one per connection. */
export class KeyExchange {
  readonly #d: ExchangeDependencies
  readonly #half = new DhHalf()
  #nonce = Buffer.alloc(0)
  #serverNonce = Buffer.alloc(0)
  #newNonce = Buffer.alloc(0)
  #dc: number | undefined

  constructor(dependencies: ExchangeDependencies) {
    this.#d = dependencies
  }

  /** The answer to one unencrypted request. */
  answer(request: Buffer): Buffer {
    const reader = new TlReader(request)
    const constructor = reader.u32()
    switch (constructor) {
      case id.req_pq:
      case id.req_pq_multi:
        return this.#pq(reader)
      case id.req_DH_params:
        return this.#dhParams(reader)
      case id.set_client_DH_params:
        return this.#agree(reader)
      default:
        throw new KeyExchangeError(`unexpected_${nameOf(constructor)}`)
    }
  }

  #pq(reader: TlReader): Buffer {
    this.#nonce = Buffer.from(reader.raw(16))
    this.#serverNonce = randomBytes(16)
    return this.#reply(id.resPQ)
      .bytes(PQ)
      .u32(id.vector, 1)
      .u64(BigInt(`0x${this.#d.rsaKey.fingerprint}`))
      .done()
  }

  #dhParams(reader: TlReader): Buffer {
    this.#expectNonces(reader)
    if (!reader.bytes().equals(P) || !reader.bytes().equals(Q)) throw new KeyExchangeError('wrong_factors')
    if (reader.u64() !== BigInt(`0x${this.#d.rsaKey.fingerprint}`))
      throw new KeyExchangeError('wrong_rsa_key')
    const opened = this.#d.rsaKey.openPadded(reader.bytes())
    if (!opened) throw new KeyExchangeError('wrong_rsa_padding')
    this.#readInnerData(new TlReader(opened))
    const inner = this.#reply(id.server_DH_inner_data)
      .u32(DH_GENERATOR)
      .bytes(DH_PRIME)
      .bytes(this.#half.share)
      .u32(this.#d.now() / 1000)
      .done()
    const hashed = Buffer.concat([sha1(inner), inner])
    const padded = Buffer.concat([hashed, randomBytes(-hashed.length & 15)])
    const { key, iv } = this.#temporaryCipher()
    return this.#reply(id.server_DH_params_ok)
      .bytes(sealIge(key, iv, padded))
      .done()
  }

  #readInnerData(reader: TlReader): void {
    const constructor = reader.u32()
    if (!INNER_DATA.includes(constructor)) throw new KeyExchangeError('wrong_inner_data')
    if (!reader.bytes().equals(PQ)) throw new KeyExchangeError('wrong_pq')
    reader.bytes()
    reader.bytes()
    this.#expectNonces(reader)
    this.#newNonce = Buffer.from(reader.raw(32))
    this.#dc = KEEPS_DC.includes(constructor) ? reader.i32() : undefined
  }

  #agree(reader: TlReader): Buffer {
    this.#expectNonces(reader)
    const { key, iv } = this.#temporaryCipher()
    const opened = new TlReader(openIge(key, iv, reader.bytes()), 20)
    if (opened.u32() !== id.client_DH_inner_data) throw new KeyExchangeError('wrong_client_dh')
    this.#expectNonces(opened)
    opened.u64()
    const agreed = this.#half.agree(opened.bytes())
    const salt = this.#newNonce.readBigUInt64LE(0) ^ this.#serverNonce.readBigUInt64LE(0)
    this.#d.agreed(new AuthKey(agreed, salt), this.#dc)
    const proof = sha1(this.#newNonce, Buffer.from([1]), sha1(agreed).subarray(0, 8))
    return this.#reply(id.dh_gen_ok).raw(proof.subarray(4)).done()
  }

  #reply(constructor: number): TlWriter {
    return new TlWriter().u32(constructor).raw(this.#nonce).raw(this.#serverNonce)
  }

  #expectNonces(reader: TlReader): void {
    const ours = reader.raw(16).equals(this.#nonce) && reader.raw(16).equals(this.#serverNonce)
    if (!ours) throw new KeyExchangeError('wrong_nonce')
  }

  #temporaryCipher(): { key: Buffer; iv: Buffer } {
    const a = sha1(this.#newNonce, this.#serverNonce)
    const b = sha1(this.#serverNonce, this.#newNonce)
    const c = sha1(this.#newNonce, this.#newNonce)
    return {
      key: Buffer.concat([a, b.subarray(0, 12)]),
      iv: Buffer.concat([b.subarray(12), c, this.#newNonce.subarray(0, 4)]),
    }
  }
}

function sha1(...parts: Buffer[]): Buffer {
  return createHash('sha1').update(Buffer.concat(parts)).digest()
}
