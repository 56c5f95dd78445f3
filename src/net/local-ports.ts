import { readFileSync } from 'node:fs'

/** Of the ports that the system gives out, this share is the beginning of the end. */
const SCARCE_SHARE = 0.85
/** What Linux is set up with where nobody has changed it (ip(7), ip_local_port_range). */
const USUAL_RANGE = { from: 32_768, to: 60_999 }

/** How many ports this system gives to connections that it begins; each pair of local and far address has them all. */
export function localPortRange(): number {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
    const [from = USUAL_RANGE.from, to = USUAL_RANGE.to] = text.trim().split(/\s+/).map(Number)
    return Math.max(1, to - from + 1)
  } catch {
    return USUAL_RANGE.to - USUAL_RANGE.from + 1
  }
}

export interface LocalPortsDependencies {
  /** The end is near, or here, for connections to or from this address. */
  scarce(address: string, isOver: boolean): void
}

/**
 * Connections that a thread has begun, by what they share their local ports with: others to the same far address and port,
 * or, where they leave from a bound address, all others from there.
 */
export class LocalPorts {
  readonly #open = new Map<string, number>()
  readonly #share: number
  readonly #dependencies: LocalPortsDependencies

  /** @param share of the range that this thread may count on, ports */
  constructor(share: number, dependencies: LocalPortsDependencies) {
    this.#share = share * SCARCE_SHARE
    this.#dependencies = dependencies
  }

  opened(address: string): void {
    const open = (this.#open.get(address) ?? 0) + 1
    this.#open.set(address, open)
    if (open === Math.ceil(this.#share)) this.#dependencies.scarce(address, false)
  }

  closed(address: string): void {
    const open = (this.#open.get(address) ?? 0) - 1
    if (open > 0) this.#open.set(address, open)
    else this.#open.delete(address)
  }

  /** EADDRNOTAVAIL of a connect: there is none left. */
  none(address: string): void {
    this.#dependencies.scarce(address, true)
  }

  /** Others should be tried first. */
  isScarce(address: string): boolean {
    return (this.#open.get(address) ?? 0) >= this.#share
  }

  /** Of the address that has most. */
  get most(): number {
    let most = 0
    for (const open of this.#open.values()) most = Math.max(most, open)
    return most
  }
}
