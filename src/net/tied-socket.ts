import { Socket } from 'node:net'

/** Whoever a socket belongs to. */
export interface SocketOwner {
  /** Returns what is called when the write has ended, which must call `done` without an error. */
  beginWrite(done: WriteDone): WriteDone
  /** Everything is written, and the FIN is next. False: it is not to be said. */
  beginShutdown(): boolean
  /** The FIN is said, or could not be. */
  shutdownDone(): void
  handleConnect(): void
  handleEnd(): void
  handleError(error: NodeJS.ErrnoException): void
  handleDrain(): void
  handleClose(): void
}

export type WriteDone = (error?: Error | null) => void

const kOwner = Symbol('owner')

interface TiedSocket extends Socket {
  [kOwner]: SocketOwner
}

type RawWrite = (chunk: Buffer, encoding: BufferEncoding, done: WriteDone) => void
type RawWritev = (chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: WriteDone) => void
type RawFinal = (done: WriteDone) => void
interface RawStream {
  _write: RawWrite
  _writev: RawWritev
  _final: RawFinal
}

/** From here on the socket's events and the ends of its writes are its owner's to judge. */
export function tieSocket(socket: Socket, owner: SocketOwner): void {
  const tied = socket as TiedSocket
  tied[kOwner] = owner
  soften(tied)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('drain', onDrain)
  socket.on('close', onClose)
  if (socket.connecting) socket.on('connect', onConnect)
}

// Of every socket, looked up once: a connection costs no closures.
const { _write: write, _writev: writev, _final: final } = Socket.prototype as unknown as RawStream

/** Replaces the documented extension points of the stream on this one socket. */
function soften(socket: TiedSocket): void {
  const raw = socket as unknown as RawStream
  raw._write = softWrite
  raw._writev = softWritev
  raw._final = softFinal
}

function softWrite(this: TiedSocket, chunk: Buffer, encoding: BufferEncoding, done: WriteDone): void {
  write.call(this, chunk, encoding, this[kOwner].beginWrite(done))
}
function softWritev(this: TiedSocket, chunks: Parameters<RawWritev>[0], done: WriteDone): void {
  writev.call(this, chunks, this[kOwner].beginWrite(done))
}
/** A failed shutdown says nothing that the read side does not. */
function softFinal(this: TiedSocket, done: WriteDone): void {
  const owner = this[kOwner]
  // A socket that is still connecting comes here once more when it is connected.
  if (!this.connecting && !owner.beginShutdown()) return done()
  final.call(this, () => {
    owner.shutdownDone()
    done()
  })
}

function onEnd(this: Socket): void {
  ;(this as TiedSocket)[kOwner].handleEnd()
}
function onError(this: Socket, error: Error): void {
  ;(this as TiedSocket)[kOwner].handleError(error)
}
function onDrain(this: Socket): void {
  ;(this as TiedSocket)[kOwner].handleDrain()
}
function onClose(this: Socket): void {
  ;(this as TiedSocket)[kOwner].handleClose()
}
function onConnect(this: Socket): void {
  ;(this as TiedSocket)[kOwner].handleConnect()
}
