import { AddressWindow } from '../access/address-window.ts'
import type { LimitsMemory } from '../access/limits-memory.ts'
import { placeUsers, type UserPlaces } from '../access/users.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../telemetry/log.ts'
import type { Change } from './change.ts'
import type { AccessSettings } from './gatekeeping.ts'
import { ServeError } from './serve-error.ts'

const EXIT_CONFIGURATION = 78
/** Whoever says that users will go removes them right then. */
const ANNOUNCEMENT_SECONDS = 60

export interface UserBookOptions {
  /** Places in shared memory. */
  readonly capacity: number
  readonly limits: LimitsMemory
  readonly addressSeed: string
}

export interface UserBookDependencies {
  readonly log: Log
  unixSeconds(): number
  /** These users have these places now; new ones stand at the end of `names`. */
  placed(users: Config['users'], places: UserPlaces): void
}

type Placed = Pick<AccessSettings, 'users' | 'places' | 'leaving'>

/** Who has which place in shared memory, and whose sessions may go on although they are gone. */
export class UserBook {
  /** By place, whoever ever had one in this run. */
  readonly names: string[] = []
  readonly #capacity: number
  readonly #windows: AddressWindow
  readonly #dependencies: UserBookDependencies
  readonly #announced = new Map<string, { readonly at: number; readonly until: number }>()
  #placed: Placed = { users: {}, places: new Map(), leaving: new Map() }

  constructor({ capacity, limits, addressSeed }: UserBookOptions, dependencies: UserBookDependencies) {
    this.#capacity = capacity
    this.#windows = new AddressWindow(limits.addresses, addressSeed)
    this.#dependencies = dependencies
  }

  /** As they are in force; those who leave are among the users. */
  get current(): Placed {
    return this.#placed
  }

  /** When these users vanish from the configuration, their sessions may go on until then (Unix seconds). */
  announce(users: readonly string[], until: number): void {
    const at = this.#dependencies.unixSeconds()
    for (const name of users) this.#announced.set(name, { at, until })
  }

  /** @throws ServeError when there are more than places */
  prepare({ users }: Pick<Config, 'users'>): Change & { readonly placed: Placed } {
    const leaving = this.#leaving(users)
    const all = { ...users }
    for (const name of leaving.keys()) all[name] = this.#placed.users[name]!
    const places = placeUsers(Object.keys(all), this.#placed.places, this.#capacity)
    if (!places) {
      throw new ServeError(
        'too_many_users',
        EXIT_CONFIGURATION,
        `this run has places for ${this.#capacity} users, those of removed ones included, and they are used up: restart portico once`,
      )
    }
    const placed = { users: all, places, leaving }
    return { placed, commit: () => this.#commit(placed), discard: () => {} }
  }

  #commit(placed: Placed): void {
    this.#placed = placed
    for (const name of [...placed.places.keys()].slice(this.names.length)) this.names.push(name)
    this.#makeRoom(placed)
    this.#dependencies.placed(placed.users, placed.places)
  }

  #makeRoom({ users, places }: Placed): void {
    for (const [name, { addresses }] of Object.entries(users)) {
      if (addresses === undefined || this.#windows.makeRoom(places.get(name)!, addresses.max)) continue
      this.#dependencies.log.error(
        'a limit of networks that grew holds only after a restart: its memory is used up',
        {
          user: name,
        },
      )
    }
  }

  #leaving(users: Config['users']): Map<string, number> {
    const now = this.#dependencies.unixSeconds()
    const leaving = new Map<string, number>()
    for (const [name, until] of this.#placed.leaving) {
      if (!Object.hasOwn(users, name) && until > now) leaving.set(name, until)
    }
    for (const [name, { at, until }] of this.#announced) {
      if (now - at > ANNOUNCEMENT_SECONDS) this.#announced.delete(name)
      else if (!Object.hasOwn(users, name) && Object.hasOwn(this.#placed.users, name) && until > now) {
        leaving.set(name, until)
      }
    }
    return leaving
  }
}
