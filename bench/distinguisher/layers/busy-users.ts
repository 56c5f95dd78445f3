import type { Busy, Busyness } from '../../load/jobs/busy.ts'
import type { Job, JobResult } from '../../load/jobs/job.ts'
import { type Load, startLoad } from '../../load/processes.ts'
import { DC } from '../../load/session.ts'
import type { Address } from '../tap/tap.ts'

/** Milliseconds without a byte, beyond which a session was not busy, whatever the machine had to do. */
const MOST_QUIET = 10_000

/** Users with sessions that are never quiet, and their data centre, in processes of their own: they do not touch the prober's clock. */
export class BusyUsers {
  readonly #load: Load
  #portico: Address | undefined

  private constructor(load: Load) {
    this.#load = load
  }

  static async start(): Promise<BusyUsers> {
    return new BusyUsers(await startLoad())
  }

  /** Where portico finds what they ask for. */
  get dataCentres(): Record<number, readonly Address[]> {
    return { [DC]: [{ host: '127.0.0.1', port: this.#load.dataCentrePort }] }
  }

  /** @throws when not all of them come in */
  async begin(portico: Address, { users, sessions }: Busyness): Promise<void> {
    this.#portico = portico
    const { failed, failure } = await this.#do({ do: 'begin-busy', users, sessions })
    if (failed > 0) throw new Error(`${failed} of ${sessions} busy sessions did not come in: ${failure}`)
  }

  async end(): Promise<Busy> {
    const { busy } = await this.#do({ do: 'end-busy' })
    if (!busy) throw new Error('the busy clients did not say how it was')
    return busy
  }

  stop(): void {
    this.#load.stop()
  }

  #do(job: Job): Promise<JobResult> {
    if (!this.#portico) throw new Error('busy users have nowhere to go')
    const { port } = this.#portico
    // Each of them has a secret and a name of its own.
    return this.#load.run(job, { port, secret: undefined, domain: '' })
  }
}

/** Why these were not busy all the time. */
export function whyIdle({ sessions, alive, lost, quiet }: Busy): string[] {
  return [
    ...(alive < sessions ? [`${sessions - alive} of ${sessions} busy sessions were lost (${lost})`] : []),
    ...(quiet > MOST_QUIET ? [`a busy session was without a byte for ${(quiet / 1000).toFixed(1)} s`] : []),
  ]
}
