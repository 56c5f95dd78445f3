/**
 * A data centre for bulk, as a process: speaks obfuscated2 as far as the command behind the init, then does what that
 * says. What it sends is not encrypted, for nobody but the client would look.
 */
import { createServer, type Socket } from 'node:net'
import { SharedReads } from '../../src/net/static-read.ts'
import { INIT_SIZE, openInit } from '../../src/protocol/obfuscated2.ts'
import { COMMAND_SIZE, type Command, contentBlock, RECEIPT, readCommand } from './command.ts'

const HEAD = INIT_SIZE + COMMAND_SIZE
const block = contentBlock()
const reads = new SharedReads()
await reads.probe()

class Talk {
  readonly #socket: Socket
  #head = Buffer.alloc(0)
  #command: Command | undefined
  #left = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('drain', () => this.#advance())
    reads.readInto(socket, (n, bytes) => this.#bytes(n, bytes))
  }

  #bytes(n: number, bytes: Uint8Array): boolean {
    let from = 0
    if (!this.#command) {
      from = Math.min(n, HEAD - this.#head.length)
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, from)])
      if (this.#head.length < HEAD) return true
      this.#obey(this.#head)
    }
    return from === n || this.#take(n - from, bytes.subarray(from, n))
  }

  #obey(head: Buffer): void {
    const init = openInit(head.subarray(0, INIT_SIZE), undefined)
    if (!init) throw new Error('the init is none')
    this.#command = readCommand(init.decipher.update(head.subarray(INIT_SIZE)))
    this.#left = this.#command.bytes
    this.#advance()
  }

  #take(n: number, bytes: Uint8Array): boolean {
    if (this.#command!.kind === 'echo') return this.#socket.write(Buffer.from(bytes))
    if (this.#command!.kind === 'swallow') {
      this.#left -= n
      if (this.#left === 0) this.#socket.write(block.subarray(0, RECEIPT))
    }
    return true
  }

  #advance(): void {
    if (this.#command?.kind === 'echo') this.#socket.resume()
    if (this.#command?.kind !== 'send') return
    while (this.#left > 0) {
      const part = Math.min(this.#left, block.length)
      this.#left -= part
      if (!this.#socket.write(block.subarray(0, part))) return
    }
  }
}

const server = createServer({ noDelay: true, highWaterMark: 1 }, (socket) => new Talk(socket))
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () =>
  process.send?.('ready'),
)
process.on('disconnect', () => process.exit())
