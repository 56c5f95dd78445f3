import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Dialect, ProxyRequest } from './proxy-dialects.ts'
import { Wire } from './wire.ts'

export interface ProxyScript {
  /** Bytes of each write; default all at once. */
  readonly split?: number
  /** What the target says at once, in the same write as the answer. */
  readonly early?: Buffer
  /** The target ends behind that. */
  readonly ends?: boolean
  /** Sent in place of everything, as soon as the client has said something; then the proxy ends. */
  readonly instead?: Buffer
  /** Sent in place of the answer; then the proxy ends. */
  readonly refusal?: Buffer
  /** Nothing is ever said. */
  readonly silent?: boolean
}

/** The target's end of a tunnel that stands. */
export interface Tunnel extends Pick<ProxyRequest, 'host' | 'port' | 'next'> {
  /** The address that the client came from. */
  readonly from: string
  send(plain: Buffer): Promise<void>
  end(): void
}

/** A proxy in this process, on every address of both families; the test is the target. */
export class ScriptedProxy {
  readonly tunnels: Tunnel[] = []
  /** Every connection that there was. */
  readonly sockets: Socket[] = []
  readonly #server: Server

  private constructor(dialect: Dialect, script: ProxyScript) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket)
      void this.#serve(new Wire(socket), dialect, script)
    })
  }

  static async start(dialect: Dialect, script: ProxyScript = {}): Promise<ScriptedProxy> {
    const proxy = new ScriptedProxy(dialect, script)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '::', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  async #serve(wire: Wire, dialect: Dialect, script: ProxyScript): Promise<void> {
    const { socket } = wire
    if (script.silent) return
    if (script.instead) {
      await wire.readSome()
      socket.end(script.instead)
      return
    }
    const asked = await dialect(wire)
    if (!asked) return
    if (script.refusal) {
      socket.end(script.refusal)
      return
    }
    const { host, port, accept, seal, next } = asked
    const { early = Buffer.alloc(0), split } = script
    await wire.send(Buffer.concat([accept, seal(early)]), split)
    if (script.ends) socket.end()
    this.tunnels.push({
      host,
      port,
      next,
      from: socket.remoteAddress ?? '',
      send: (plain) => wire.send(seal(plain), split),
      end: () => socket.end(),
    })
  }
}
