import { ScriptedClient } from '../world/clients/scripted.ts'

const MESSAGE = Buffer.from('to and fro, twenty bytes')

export interface Door {
  readonly host: string
  readonly port: number
  /** Name in the hello. */
  readonly domain: string
}

/** A session that goes to and fro until it is told to stop or is lost. */
export class EchoSession {
  /** Round trips so far. */
  trips = 0
  /** What it was lost by. */
  loss: unknown
  readonly #client: ScriptedClient
  #stopping = false
  /** Resolves with the time (`performance.now`) of its loss, or with undefined when it was told to stop. */
  readonly over: Promise<number | undefined>

  private constructor(client: ScriptedClient, pause: number) {
    this.#client = client
    this.over = this.#run(pause)
  }

  /** @throws when it is not let in */
  static async open({ host, port, domain }: Door, secret: string, pause = 20): Promise<EchoSession> {
    const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(secret, 'hex') })
    await client.handshake({ domain })
    await client.command({ kind: 'echo' })
    return new EchoSession(client, pause)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.over
    this.#client.socket.reset()
  }

  async #run(pause: number): Promise<number | undefined> {
    try {
      while (!this.#stopping) {
        await this.#client.send(MESSAGE)
        const back = await this.#client.read(MESSAGE.length)
        if (!back.equals(MESSAGE)) throw new Error('another answer')
        this.trips++
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
      return undefined
    } catch (error) {
      this.loss = error
      return performance.now()
    }
  }
}
