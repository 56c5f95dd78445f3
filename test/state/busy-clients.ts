import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ScriptedClient } from '../world/clients/scripted.ts'

const KIB = 1024
const CHUNK = 64 * KIB
const FIREHOSE = 1024 ** 3

/** Payload bytes that had certainly gone through, at an instant (`performance.now()`). */
interface Moment {
  readonly at: number
  readonly up: number
  readonly down: number
}

export interface BusyTarget {
  readonly host: string
  readonly port: number
  readonly secret: Buffer
  readonly domain: string
}

/**
 * Clients that keep a portico at work until it is gone: downloads, echoes, and sessions that come and go. What came back to
 * them has been through portico; so these numbers are below what it has counted at the same instant.
 */
export class BusyClients {
  /** Every hello that was answered. */
  readonly hellos: Buffer[] = []
  /** Payload bytes handed to the sockets: above what portico has counted. */
  sent = 0
  /** Sessions that were certainly relayed. */
  sessions = 0
  readonly #target: BusyTarget
  readonly #moments: Moment[] = []
  #up = 0
  #down = 0
  #running = true

  constructor(target: BusyTarget) {
    this.#target = target
  }

  /** What had been through at that instant. */
  before(at: number): Moment {
    return this.#moments.findLast((moment) => moment.at <= at) ?? { at: 0, up: 0, down: 0 }
  }

  start(): void {
    for (let n = 0; n < 3; n++) this.#keep(() => this.#download())
    for (let n = 0; n < 2; n++) this.#keep(() => this.#echo())
    for (let n = 0; n < 2; n++) this.#keep(() => this.#visit())
  }

  stop(): void {
    this.#running = false
  }

  #keep(act: () => Promise<void>): void {
    const again = async () => {
      while (this.#running) {
        try {
          await act()
        } catch {
          // Portico is gone, or about to be.
          await sleep(20)
        }
      }
    }
    void again()
  }

  async #session(): Promise<ScriptedClient> {
    const { host, port, secret, domain } = this.#target
    const client = await ScriptedClient.connect({ host, port, secret })
    const hello = Buffer.from(client.makeHello({ domain }))
    await client.socket.send(hello)
    await client.readFlight()
    this.hellos.push(hello)
    return client
  }

  async #download(): Promise<void> {
    const client = await this.#session()
    await this.#command(client, { kind: 'firehose', bytes: FIREHOSE, seed: 1, then: 'keep' })
    this.sessions++
    while (this.#running) {
      await client.read(CHUNK)
      this.#note(0, CHUNK)
      await sleep(10)
    }
    client.socket.close()
  }

  async #echo(): Promise<void> {
    const client = await this.#session()
    await this.#command(client, { kind: 'echo' })
    while (this.#running) await this.#exchange(client, 16 * KIB)
    client.socket.close()
  }

  async #visit(): Promise<void> {
    const client = await this.#session()
    await this.#command(client, { kind: 'echo' })
    await this.#exchange(client, 1000)
    this.sessions++
    client.socket.close()
    await sleep(20)
  }

  async #exchange(client: ScriptedClient, bytes: number): Promise<void> {
    this.sent += bytes
    await client.send(randomBytes(bytes))
    await client.read(bytes)
    this.#note(bytes, bytes)
    await sleep(10)
  }

  async #command(client: ScriptedClient, command: Parameters<ScriptedClient['command']>[0]): Promise<void> {
    // 36 bytes of command, 4 of length, up to 15 of padding.
    this.sent += 64
    await client.command(command)
  }

  #note(up: number, down: number): void {
    this.#up += up
    this.#down += down
    this.#moments.push({ at: performance.now(), up: this.#up, down: this.#down })
  }
}
