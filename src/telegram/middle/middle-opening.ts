import type { Cipheriv, Decipheriv } from 'node:crypto'
import type { Leg, LegHandler } from '../../net/leg.ts'
import type { Deadline, Wheel } from '../../net/wheel.ts'
import { type Checksum, crc32c } from '../../protocol/middle/checksum.ts'
import {
  keySelector,
  MAX_CLOCK_DIFFERENCE,
  NONCE_SIZE,
  readHandshake,
  readNonce,
  writeHandshake,
  writeNonce,
  writeProcessId,
} from '../../protocol/middle/handshake.ts'
import {
  blockCipher,
  blockDecipher,
  type ConnectionEnd,
  deriveKey,
} from '../../protocol/middle/key-derivation.ts'
import {
  HANDSHAKE_SEQUENCE,
  NONCE_SEQUENCE,
  RpcFrameReader,
  writeRpcFrame,
} from '../../protocol/middle/rpc-frame.ts'
import type { MiddleFailureDetail } from './failure.ts'

/** From the connect to the answered handshake. */
const HANDSHAKE_LIMIT = 10_000
/** Of a nonce or a handshake, which have 44: whoever has proved nothing yet gets no more memory than this. */
const LONGEST_OPENING_FRAME = 512

export interface MiddleOpeningOptions {
  readonly leg: Leg
  /** 32 to 256 bytes. */
  readonly secret: Buffer
  /** The address and port connected to. */
  readonly server: ConnectionEnd
  /** Our end as the middle proxy sees it. */
  readonly self: ConnectionEnd
  readonly offerCrc32c: boolean
}

export interface MiddleOpeningDependencies {
  readonly wheel: Wheel
  readonly crc32: Checksum
  random(n: number): Buffer
  unixSeconds(): number
}

/** What two sides that have shaken hands go on with. */
export interface MiddleAgreement {
  readonly leg: Leg
  readonly cipher: Cipheriv
  readonly decipher: Decipheriv
  /** Of the frames from now on. */
  readonly checksum: Checksum
  /** Decrypted already, behind the handshake. */
  readonly rest: Buffer
}

export interface MiddleOpeningEvents {
  /** Or `failed`; one of them, once. */
  agreed(agreement: MiddleAgreement): void
  failed(detail: MiddleFailureDetail): void
}

type Stage =
  | { readonly at: 'nonce' }
  | { readonly at: 'handshake'; readonly cipher: Cipheriv; readonly decipher: Decipheriv }
  | { readonly at: 'over' }

/** The beginning of a connection to a middle proxy: nonces in clear, keys made of them, handshakes under these keys. */
export class MiddleOpening implements LegHandler, Deadline {
  dueTick = 0
  readonly #o: MiddleOpeningOptions
  readonly #d: MiddleOpeningDependencies
  readonly #events: MiddleOpeningEvents
  readonly #nonce: Buffer
  readonly #timestamp: number
  readonly #processId: Buffer
  #stage: Stage = { at: 'nonce' }
  #frames: RpcFrameReader

  constructor(
    options: MiddleOpeningOptions,
    dependencies: MiddleOpeningDependencies,
    events: MiddleOpeningEvents,
  ) {
    this.#o = options
    this.#d = dependencies
    this.#events = events
    const { random, unixSeconds } = dependencies
    this.#frames = this.#reader(NONCE_SEQUENCE)
    this.#nonce = Buffer.from(random(NONCE_SIZE))
    this.#timestamp = unixSeconds()
    this.#processId = writeProcessId({
      ...options.self,
      pid: random(2).readUInt16LE(),
      started: this.#timestamp,
    })
  }

  /** Says the nonce; the leg is connected. */
  begin(): void {
    const { leg, secret } = this.#o
    leg.handler = this
    const payload = writeNonce({
      selector: keySelector(secret),
      timestamp: this.#timestamp,
      nonce: this.#nonce,
    })
    leg.write(writeRpcFrame(NONCE_SEQUENCE, [payload], this.#d.crc32, 4))
    leg.resume()
    this.#d.wheel.schedule(this, HANDSHAKE_LIMIT)
  }

  #reader(sequence: number): RpcFrameReader {
    return new RpcFrameReader({ sequence, checksum: this.#d.crc32, limit: LONGEST_OPENING_FRAME })
  }

  // What the leg tells.

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    const stage = this.#stage
    if (stage.at === 'nonce') this.#read(Buffer.from(bytes.subarray(0, n)))
    else if (stage.at === 'handshake') this.#read(stage.decipher.update(bytes.subarray(0, n)))
    // Whoever goes on with the leg has read the rest of this, and may have ended it.
    if (leg.handler !== this) return true
    return this.#stage.at !== 'over'
  }

  /** One frame at a time: behind the nonce everything is encrypted, behind the handshake it is not ours to read. */
  #read(plain: Buffer): void {
    const frames = this.#frames
    let payload: Buffer | undefined
    const fault = frames.read(plain, (frame) => {
      payload = Buffer.from(frame)
      return false
    })
    if (fault !== undefined) {
      return this.#fail({ failure: this.#stage.at === 'nonce' ? 'handshake' : 'protocol', code: fault })
    }
    if (!payload) return
    const rest = frames.takeRest()
    if (this.#stage.at === 'nonce') this.#agree(payload, rest)
    else if (this.#stage.at === 'handshake') this.#shakeHands(payload, rest, this.#stage)
  }

  #agree(payload: Buffer, rest: Buffer): void {
    const { leg, secret, server, self, offerCrc32c } = this.#o
    const { crc32, unixSeconds } = this.#d
    const reading = readNonce(payload, keySelector(secret))
    if (!reading.ok) return this.#fail({ failure: 'handshake', code: reading.code })
    const { nonce, timestamp } = reading.nonce
    const clockDifference = timestamp - unixSeconds()
    if (Math.abs(clockDifference) > MAX_CLOCK_DIFFERENCE) {
      return this.#fail({ failure: 'clock', clockDifference })
    }
    const material = {
      secret,
      serverNonce: nonce,
      clientNonce: this.#nonce,
      clientTimestamp: this.#timestamp,
      server,
      client: self,
    }
    const cipher = blockCipher(deriveKey(material, 'CLIENT'))
    const decipher = blockDecipher(deriveKey(material, 'SERVER'))
    this.#frames = this.#reader(HANDSHAKE_SEQUENCE)
    this.#stage = { at: 'handshake', cipher, decipher }
    const handshake = writeHandshake({
      crc32c: offerCrc32c,
      sender: this.#processId,
      peer: writeProcessId({ ...server, pid: 0, started: 0 }),
    })
    leg.write(cipher.update(writeRpcFrame(HANDSHAKE_SEQUENCE, [handshake], crc32)))
    if (rest.length > 0) this.#read(decipher.update(rest))
  }

  #shakeHands(
    payload: Buffer,
    rest: Buffer,
    { cipher, decipher }: Extract<Stage, { at: 'handshake' }>,
  ): void {
    const reading = readHandshake(payload)
    if (!reading.ok) return this.#fail({ failure: 'handshake', code: reading.code })
    const { peer, crc32c: takesCrc32c } = reading.handshake
    if (!peer.equals(this.#processId)) return this.#fail({ failure: 'handshake', code: 'other_peer' })
    const { leg, offerCrc32c } = this.#o
    const checksum = offerCrc32c && takesCrc32c ? crc32c : this.#d.crc32
    this.#stage = { at: 'over' }
    this.#d.wheel.cancel(this)
    this.#events.agreed({ leg, cipher, decipher, checksum, rest })
  }

  onDrain(): void {}

  onEnd(): void {
    this.#lost('closed')
  }

  onLost(leg: Leg): void {
    this.#lost(leg.failure === 'ETIMEDOUT' ? 'timeout' : 'reset')
  }

  onClosed(): void {
    this.#lost('closed')
  }

  #lost(code: 'closed' | 'reset' | 'timeout'): void {
    this.#fail({ failure: this.#stage.at === 'nonce' ? 'nonce_refused' : 'keys_refused', code })
  }

  /** The handshake took too long. */
  expire(): void {
    this.#fail({ failure: 'timeout' })
  }

  #fail(detail: MiddleFailureDetail): void {
    if (this.#stage.at === 'over') return
    this.#stage = { at: 'over' }
    this.#d.wheel.cancel(this)
    this.#o.leg.destroy()
    this.#events.failed(detail)
  }
}
