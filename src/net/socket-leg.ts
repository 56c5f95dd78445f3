import type { Socket } from 'node:net'
import type { Descriptors } from './descriptors.ts'
import type { Leg, LegHandler, LocalEnd } from './leg.ts'
import type { OutgoingBuffers } from './outgoing.ts'
import { type SocketOwner, tieSocket, type WriteDone } from './tied-socket.ts'
import type { UnwatchedLegs } from './unwatched-legs.ts'

const EMPTY = Buffer.alloc(0)

/** Seconds between the probes of a peer that does not answer: Linux has 75 (tcp(7)), servers that choose a shorter silence have that (Go: 15 and 15). */
const LONGEST_INTERVAL = 75
/** Unanswered ones after which a connection is given up: of Linux and of Go. */
const PROBES = 9
/** Ticks: half a minute. A kernel answers for a socket that is closed behind its FIN for a minute (tcp_fin_timeout). */
const FADES_AFTER = 600

export interface LegState {
  unix: boolean
  limitReads?: ((window: () => number) => void) | undefined
  /** After the handler's `onClosed`, for whoever counts. */
  onClosed?: ((leg: SocketLeg) => void) | undefined
}

export interface LegResources {
  outgoing: OutgoingBuffers
  unwatched: UnwatchedLegs
  descriptors: Descriptors
}

/**
 * A leg on a socket made with `allowHalfOpen: true` and `highWaterMark: 1` (so that `write` returns true exactly when the
 * kernel took everything).
 *
 * A failed write does not end the reading: Node would close the descriptor, and an alert that waits in the receive queue
 * would be lost. The error is remembered instead, and the end of the reading then counts as a reset.
 */
export class SocketLeg implements Leg, SocketOwner {
  handler: LegHandler
  connected: boolean
  ended = false
  failure: string | undefined
  faded = false
  stalled = false
  readonly #socket: Socket
  readonly #unix: boolean
  readonly #onClosed: ((leg: SocketLeg) => void) | undefined
  readonly #limitReads: ((window: () => number) => void) | undefined
  readonly #resources: LegResources
  /** The buffer of the pool that the kernel has not taken whole. */
  #held: Buffer | undefined
  #unread: Buffer | undefined
  #broken = false
  #lost = false
  #resetWhenDrained = false
  /** The FIN is on its way: Node would report a reset now as failed, and never close the descriptor. */
  #shuttingDown = false
  #resetWhenShut = false
  /** Something was written since the other side's FIN. */
  #wroteAfterEnd = false
  #isAttended = false
  /** Ticks for which it was unwatched when the kernel was asked last. */
  #unwatchedFor = 0
  #keepAlive: number | undefined
  /** Where a proxy stands between: what it said of its own end. */
  #farEnd: LocalEnd | 'unknown' | undefined
  #writeDone: WriteDone | undefined
  readonly #onWritten: WriteDone

  constructor(socket: Socket, handler: LegHandler, resources: LegResources, state: LegState) {
    this.#socket = socket
    this.#resources = resources
    this.handler = handler
    this.connected = !socket.connecting
    this.#unix = state.unix
    this.#onClosed = state.onClosed
    this.#limitReads = state.limitReads
    this.#onWritten = (error) => this.#written(error)
    resources.descriptors.opened()
    tieSocket(socket, this)
  }

  get drained(): boolean {
    return this.#socket.writableLength === 0
  }

  /** This side's address and port, or those of the proxy on the way; undefined once it is gone, and for unix sockets. */
  get localEnd(): LocalEnd | undefined {
    if (this.#farEnd) return this.#farEnd === 'unknown' ? undefined : this.#farEnd
    const { localAddress, localPort } = this.#socket
    return localAddress === undefined || localPort === undefined
      ? undefined
      : { address: localAddress.replace(/^::ffff:(?=[\d.]+$)/, ''), port: localPort }
  }

  /** The target sees another end than ours. */
  leadsThrough(end: LocalEnd | undefined): void {
    this.#farEnd = end ?? 'unknown'
  }

  /** Payload of the connection so far, in either direction. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten
  }

  write(bytes: Buffer): boolean {
    if (this.#broken || this.#lost) return false
    const done = this.#socket.write(bytes)
    if (this.ended) {
      this.#wroteAfterEnd = true
      // After the peer's FIN its reset shows on a write only, one segment later.
      setImmediate(askKernel, this)
    }
    return done
  }

  writeCopy(n: number, bytes: Uint8Array): boolean {
    // A second buffer of one leg is rare (before the front is connected): the pool knows one for each.
    if (this.#held || n > 256 * 1024) return this.write(Buffer.from(bytes.subarray(0, n)))
    const buffer = this.#resources.outgoing.take(n)
    buffer.set(n === bytes.length ? bytes : bytes.subarray(0, n))
    return this.writePooled(buffer, n)
  }

  writePooled(buffer: Buffer, n: number): boolean {
    if (this.write(buffer.subarray(0, n))) {
      this.#resources.outgoing.give(buffer)
      return true
    }
    if (this.#broken || this.#lost || this.#held) return false
    this.#held = buffer
    this.#resources.outgoing.hold(buffer)
    return false
  }

  /** What was read, for whoever has the leg now. */
  deliver(n: number, bytes: Uint8Array): boolean {
    const goesOn = this.handler.onBytes(this, n, bytes)
    if (!goesOn) this.#stands()
    return goesOn
  }

  pause(): void {
    this.#stands()
    this.#socket.pause()
  }

  resume(): void {
    const bytes = this.#unread
    if (bytes) {
      this.#unread = undefined
      if (!this.deliver(bytes.length, bytes)) return
    }
    this.stalled = false
    if (this.#isAttended && !this.ended) this.#resources.unwatched.delete(this)
    this.#socket.resume()
  }

  #stands(): void {
    this.stalled = true
    if (this.#isAttended && !this.#lost) this.#resources.unwatched.add(this)
  }

  attend(): void {
    this.#isAttended = true
    if (this.stalled) this.#stands()
  }

  /** Bytes that were read too far come again, as the first after the next `resume`. */
  unread(bytes: Buffer): void {
    this.#unread = bytes
    this.pause()
  }

  /** Gives it up as if the system had said so; the handler hears `onLost`. */
  fail(failure: string): void {
    this.failure ??= failure
    this.#loseNow()
  }

  limitReads(window: () => number): void {
    this.#limitReads?.(window)
  }

  keepAlive(seconds: number | undefined): void {
    if (seconds === this.#keepAlive) return
    this.#keepAlive = seconds
    if (seconds === undefined) this.#socket.setKeepAlive(false)
    else {
      const interval = Math.min(seconds, LONGEST_INTERVAL)
      this.#socket.setKeepAlive(true, seconds * 1000, interval * 1000, PROBES)
    }
  }

  end(): void {
    if (!this.#lost && !this.#socket.writableEnded) this.#socket.end()
  }

  reset(): void {
    this.#lost = true
    // It throws on unix sockets, and on a socket that is still connecting it would wait for the connect.
    if (!this.connected || this.#unix) this.#socket.destroy()
    else if (this.#shuttingDown) {
      this.#resetWhenShut = true
      this.#socket.pause()
    } else this.#socket.resetAndDestroy()
  }

  resetAfterDrain(): void {
    if (this.drained) this.reset()
    else this.#resetWhenDrained = true
  }

  destroy(): void {
    this.#lost = true
    this.#socket.destroy()
  }

  destroyAfterDrain(): void {
    this.#lost = true
    this.#socket.destroySoon()
  }

  /** A write of nothing makes the kernel report a reset that reading no longer shows; no segment leaves for it. */
  ask(ticks = 0): void {
    if (this.#lost || !this.connected || !this.#socket.writable || !this.drained) return
    this.#unwatchedFor = ticks
    this.#socket.write(EMPTY)
  }

  // What the socket tells.

  beginWrite(done: WriteDone): WriteDone {
    this.#writeDone = done
    return this.#onWritten
  }

  #written(error?: Error | null): void {
    const done = this.#writeDone
    this.#writeDone = undefined
    if (error && !this.#broken) {
      this.#broken = true
      this.failure ??= (error as NodeJS.ErrnoException).code ?? 'EIO'
      this.#breaks()
    }
    done?.()
  }

  /** Unless the words that came before are to be read: those of a peer that resets are often the reason. */
  #breaks(): void {
    if (this.ended) {
      this.faded = !this.#wroteAfterEnd && (this.#unix || this.#unwatchedFor >= FADES_AFTER)
      this.#loseNow()
    } else if (this.#isAttended && this.stalled) this.#loseNow()
    else this.#socket.resume()
  }

  beginShutdown(): boolean {
    if (this.#resetWhenDrained && !this.#lost) {
      this.reset()
      return false
    }
    this.#shuttingDown = true
    return true
  }

  shutdownDone(): void {
    this.#shuttingDown = false
    if (!this.#resetWhenShut) return
    this.#resetWhenShut = false
    this.#socket.resetAndDestroy()
  }

  handleConnect(): void {
    this.connected = true
  }

  handleEnd(): void {
    this.ended = true
    // It may be the rest of a reset: ask before passing a FIN on. A unix socket's peer says a reset when it is read.
    if (this.#socket.writableLength > 0) setImmediate(settle, this)
    else {
      if (!this.#unix) this.ask()
      this.settle()
    }
  }

  settle(): void {
    if (this.#lost) return
    // A reset on the heels of the FIN: whoever is told of both at once hears of the reset alone.
    if (this.#broken) return this.#loseNow()
    this.#resources.unwatched.add(this)
    this.handler.onEnd(this)
  }

  handleError(error: NodeJS.ErrnoException): void {
    this.failure ??= error.code ?? 'EIO'
    this.#loseNow()
  }

  handleDrain(): void {
    this.#releaseHeld()
    if (this.#lost) return
    if (this.#resetWhenDrained) this.reset()
    else if (!this.#broken) this.handler.onDrain(this)
  }

  handleClose(): void {
    this.#releaseHeld()
    this.#resources.unwatched.delete(this)
    this.handler.onClosed(this)
    this.#onClosed?.(this)
    // Last: whoever waits for a descriptor must find this connection over.
    this.#resources.descriptors.closed()
  }

  #loseNow(): void {
    if (this.#lost) return
    this.#lost = true
    this.#resources.unwatched.delete(this)
    this.#socket.destroy()
    this.handler.onLost(this)
  }

  #releaseHeld(): void {
    if (!this.#held) return
    this.#resources.outgoing.release(this.#held)
    this.#held = undefined
  }
}

function askKernel(leg: SocketLeg): void {
  leg.ask()
}
function settle(leg: SocketLeg): void {
  leg.settle()
}
