import { connect, type Socket } from 'node:net'
import { obfuscate } from '../../test/world/clients/obfuscated-client.ts'
import { frame } from '../../test/world/data-centre/framing.ts'
import { type MiddleCommand, writeCommand } from '../../test/world/middle-proxy/command.ts'

/** Length of a frame's header (intermediate). */
const HEADER = 4
const DC = 2

/** A client without FakeTLS that asks for what a command says, and counts what comes. */
export class FramedClient {
  readonly #socket: Socket
  readonly #stream: ReturnType<typeof obfuscate>
  #got = 0
  #wanted = 0
  #resolve: (() => void) | undefined
  #reject: ((error: Error) => void) | undefined

  private constructor(socket: Socket, secret: Buffer) {
    this.#socket = socket
    this.#stream = obfuscate({ dc: DC, framing: 'intermediate', secret })
    socket.on('data', (bytes: Buffer) => {
      this.#got += bytes.length
      if (this.#got >= this.#wanted) this.#resolve?.()
    })
    for (const event of ['error', 'close']) socket.on(event, () => this.#reject?.(new Error('ended')))
    socket.write(this.#stream.init)
  }

  /** @param localAddress to come from another address of loopback */
  static open(port: number, secret: Buffer, localAddress = '127.0.0.1'): Promise<FramedClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new FramedClient(socket, secret)))
    })
  }

  /**
   * Asks `times` times, `atOnce` of them at a time; resolves when every answer is whole.
   * @param answer bytes of each answer
   * @param padding bytes behind the command
   */
  async ask(
    command: MiddleCommand,
    {
      times,
      atOnce = 1,
      answer,
      padding = 0,
    }: { times: number; atOnce?: number; answer: number; padding?: number },
  ): Promise<void> {
    const wire = frame('intermediate', Buffer.concat([writeCommand(command), Buffer.alloc(padding)]))
    const first = this.#got
    const whole = answer + HEADER
    for (let asked = 0; asked < times; asked++) {
      if (asked >= atOnce) await this.#until(first + (asked - atOnce + 1) * whole)
      this.#socket.write(this.#stream.seal(wire))
    }
    await this.#until(first + times * whole)
  }

  close(): void {
    this.#reject = undefined
    this.#socket.resetAndDestroy()
  }

  #until(bytes: number): Promise<void> {
    this.#wanted = bytes
    if (this.#got >= bytes) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }
}
