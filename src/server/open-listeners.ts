import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import type { LegHandler } from '../net/leg.ts'
import { type Accepted, type ListenDependencies, type Listening, listen } from '../net/listener.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { BoundListener } from './messages.ts'
import { type Caller, Proxied, type ProxiedDependencies } from './proxied.ts'

export interface OpenListenersDependencies {
  readonly thread: Omit<ListenDependencies, 'accept'> & Pick<ProxiedDependencies, 'wheel'>
  readonly counters: Counters
  accept(caller: Caller, listener: BoundListener): LegHandler
}

/** The first address that could not be opened, with the system's code. */
export class ListenError extends Error {
  readonly code: string
  readonly endpoint: Endpoint

  constructor(endpoint: Endpoint, error: NodeJS.ErrnoException) {
    super(error.message)
    this.name = 'ListenError'
    this.code = error.code ?? 'EIO'
    this.endpoint = endpoint
  }
}

interface OpenListener {
  readonly listening: Listening
  wanted: BoundListener
  proxied: Proxied | undefined
}

/** The listeners of one worker: new ones are opened beside the old, which go when nobody waits in them any more. */
export class OpenListeners {
  readonly #dependencies: OpenListenersDependencies
  #open = new Map<string, OpenListener>()

  constructor(dependencies: OpenListenersDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Opens what is not open yet; nothing else changes until `apply`. Returns how to close it again.
   * @throws ListenError, and none of them is open
   */
  async open(listeners: readonly BoundListener[]): Promise<() => void> {
    const opened: string[] = []
    const undo = () => {
      for (const key of opened) this.#retire(key)
    }
    for (const wanted of listeners) {
      const key = keyOf(wanted)
      if (this.#open.has(key)) continue
      try {
        this.#open.set(key, await this.#listen(key, wanted))
        opened.push(key)
      } catch (error) {
        undo()
        throw new ListenError(wanted.endpoint, error as NodeJS.ErrnoException)
      }
    }
    return undo
  }

  /** These and no others, as they are wanted now; all of them are open. */
  apply(listeners: readonly BoundListener[]): void {
    const wanted = new Map(listeners.map((each) => [keyOf(each), each]))
    for (const [key, open] of this.#open) {
      const now = wanted.get(key)
      if (!now) {
        this.#retire(key)
        continue
      }
      if (now.permissions !== open.wanted.permissions)
        void open.listening.permit(now.permissions).catch(() => {})
      open.wanted = now
      open.proxied = this.#proxied(now)
    }
  }

  closeAll(): void {
    for (const { listening } of this.#open.values()) listening.close()
    this.#open.clear()
  }

  async #listen(key: string, wanted: BoundListener): Promise<OpenListener> {
    const { thread, accept } = this.#dependencies
    const proxied = this.#proxied(wanted)
    const state: Omit<OpenListener, 'listening'> = { wanted, proxied }
    const admit = (caller: Caller) => accept(caller, (this.#open.get(key) ?? state).wanted)
    const listening = await listen(wanted, {
      ...thread,
      accept: (accepted: Accepted) => {
        const { proxied: gate } = this.#open.get(key) ?? state
        return gate ? gate.receive(accepted, admit) : admit(accepted)
      },
    })
    return Object.assign(state, { listening })
  }

  #proxied({ proxyProtocol }: BoundListener): Proxied | undefined {
    const { thread, counters } = this.#dependencies
    return proxyProtocol && new Proxied(proxyProtocol, { ...thread, counters })
  }

  #retire(key: string): void {
    this.#open.get(key)?.listening.retire()
    this.#open.delete(key)
  }
}

/** What another socket is needed for. The queue of a unix socket cannot be changed: its path can be bound only once. */
function keyOf({ endpoint, backlog, ipv6Only }: BoundListener): string {
  return endpoint.kind === 'unix'
    ? formatEndpoint(endpoint)
    : `${formatEndpoint(endpoint)} ${backlog} ${ipv6Only}`
}
