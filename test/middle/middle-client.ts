import { type ObfuscatedClient, obfuscate } from '../world/clients/obfuscated-client.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { FrameReader, frame } from '../world/data-centre/framing.ts'
import { type MiddleCommand, writeCommand } from '../world/middle-proxy/command.ts'

/** A client without FakeTLS that speaks to the fake middle proxy itself. */
export class MiddleClient {
  readonly socket: RawSocket
  readonly #stream: ObfuscatedClient
  readonly #frames = new FrameReader('intermediate')
  readonly #read: Buffer[] = []

  private constructor(socket: RawSocket, stream: ObfuscatedClient) {
    this.socket = socket
    this.#stream = stream
  }

  /** @param secret 16 bytes */
  static async open(at: { host: string; port: number }, secret: Buffer): Promise<MiddleClient> {
    const socket = await RawSocket.connect(at)
    const stream = obfuscate({ dc: 2, framing: 'intermediate', secret })
    await socket.send(stream.init)
    return new MiddleClient(socket, stream)
  }

  async ask(command: MiddleCommand): Promise<void> {
    await this.sendFrame(writeCommand(command))
  }

  async sendFrame(message: Buffer): Promise<void> {
    await this.sendBare(frame('intermediate', message))
  }

  /** Without a frame, as the fake data centre echoes them. */
  async sendBare(bytes: Buffer): Promise<void> {
    await this.socket.send(this.#stream.seal(bytes))
  }

  async readBare(length: number): Promise<Buffer> {
    return this.#stream.open(await this.socket.read(length))
  }

  async answer(timeout = 20_000): Promise<Buffer> {
    while (this.#read.length === 0) {
      const header = this.#stream.open(await this.socket.read(4, timeout))
      this.#read.push(...this.#frames.push(header))
      const body = this.#stream.open(await this.socket.read(header.readUInt32LE(), timeout))
      this.#read.push(...this.#frames.push(body))
    }
    return this.#read.shift()!
  }

  /** @throws Error when something else comes back */
  async echo(text: string): Promise<void> {
    await this.ask({ kind: 'echo', text })
    const answer = (await this.answer()).toString()
    if (!answer.includes(text)) throw new Error(`asked for ${text}, answered ${answer}`)
  }
}
