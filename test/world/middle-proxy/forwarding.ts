import { connect, type Socket } from 'node:net'
import { obfuscate } from '../clients/obfuscated-client.ts'
import { FrameReader, frame } from '../data-centre/framing.ts'

/** One client's way from the fake middle proxy to a fake data centre, as frames of intermediate. */
export class Forwarding {
  readonly #socket: Socket
  readonly #seal: (bytes: Uint8Array) => Buffer

  constructor(
    dataCentre: { readonly host: string; readonly port: number },
    events: { message(message: Buffer): void; ended(): void },
  ) {
    const stream = obfuscate({ dc: 2, framing: 'intermediate' })
    const frames = new FrameReader('intermediate')
    this.#seal = stream.seal
    this.#socket = connect({ host: dataCentre.host, port: dataCentre.port, noDelay: true })
    this.#socket.write(stream.init)
    this.#socket.on('data', (bytes: Buffer) => {
      for (const message of frames.push(stream.open(bytes))) events.message(message)
    })
    this.#socket.on('end', () => events.ended())
    this.#socket.on('error', () => events.ended())
  }

  send(message: Buffer): void {
    this.#socket.write(this.#seal(frame('intermediate', message)))
  }

  close(): void {
    this.#socket.destroy()
  }
}
