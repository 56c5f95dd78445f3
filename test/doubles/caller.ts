import type { Leg, LegHandler } from '../../src/net/leg.ts'

/** Whoever asked for a connection: remembers what was told, in order. */
export class Caller implements LegHandler {
  /** `connected`, `end`, `lost CODE`, `closed`. */
  readonly events: string[] = []
  received = Buffer.alloc(0)

  /** @param begin given this and what is to be called when it stands */
  static call(begin: (handler: LegHandler, onConnected: () => void) => Leg, hold = false): Called {
    const caller = new Caller()
    const leg: Leg = begin(caller, () => {
      caller.events.push('connected')
      if (hold) leg.pause()
    })
    return { caller, leg }
  }

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    this.received = Buffer.concat([this.received, bytes.subarray(0, n)])
    return true
  }

  onDrain(): void {}

  onEnd(): void {
    this.events.push('end')
  }

  onLost(leg: Leg): void {
    this.events.push(`lost ${leg.failure}`)
  }

  onClosed(): void {
    this.events.push('closed')
  }
}

export interface Called {
  readonly caller: Caller
  readonly leg: Leg
}
