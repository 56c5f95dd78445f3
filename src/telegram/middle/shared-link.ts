import { type ProxyEnd, proxyRequestHeader, setMessageFlags } from '../../protocol/middle/rpc.ts'
import type { Transport } from '../../protocol/obfuscated2.ts'
import type { MiddleLink, MiddleReceiver } from '../../relay/middle-link.ts'

/** For one client that is to go by a connection. */
export interface LinkOptions {
  readonly transport: Transport
  readonly client: ProxyEnd
  readonly adTag: Buffer | undefined
}

/** What a link asks of the connection that it shares. */
export interface LinkCalls {
  drained(): boolean
  /** Writes one call of these parts. */
  send(parts: readonly Uint8Array[]): boolean
  closed(link: SharedLink): void
}

const NOBODY: MiddleReceiver = {
  onAnswer() {},
  onQuickAck() {},
  onAnswersRead() {},
  onLinkDrain() {},
  onLinkEnd() {},
}

/** One client's share of a connection. */
export class SharedLink implements MiddleLink {
  receiver: MiddleReceiver = NOBODY
  /** By which both sides name the client, 8 bytes. */
  readonly connection: Buffer
  readonly #header: Buffer
  readonly #calls: LinkCalls
  #open = true

  constructor(connection: Buffer, our: ProxyEnd, options: LinkOptions, calls: LinkCalls) {
    this.connection = connection
    this.#header = proxyRequestHeader({ ...options, connection, our })
    this.#calls = calls
  }

  get drained(): boolean {
    return this.#calls.drained()
  }

  send(message: Buffer, flags: { encrypted: boolean; quickAck: boolean }): boolean {
    if (!this.#open) return true
    setMessageFlags(this.#header, flags)
    return this.#calls.send([this.#header, message])
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.receiver = NOBODY
    this.#calls.closed(this)
  }

  /** The other side has ended it, or all of the connection is over: nothing is sent by it any more. */
  end(how: 'closed' | 'lost'): void {
    if (!this.#open) return
    this.#open = false
    this.receiver.onLinkEnd(how)
  }
}
