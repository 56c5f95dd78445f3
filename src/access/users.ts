import type { UserLimits } from './user-limits.ts'

/** What the configuration says of one user, as far as finding and admitting needs it. */
export interface UserSettings {
  readonly name: string
  /** 32 hex digits: the key part of the secret. */
  readonly secret: string
  readonly enabled: boolean
  /** A name of the user's own, under a wildcard site. */
  readonly domain?: string | undefined
  /** Secrets that end at a time, Unix seconds. */
  readonly previous?: readonly { readonly secret: string; readonly until: number }[]
  readonly limits?: UserLimits | undefined
  /** 32 hex digits. */
  readonly adTag?: string | undefined
  /** Unix second at which the last session ends of a user who is gone already; new ones are refused. */
  readonly leavesAt?: number | undefined
  /** Names of the ways out that are this user's own. */
  readonly upstreams?: readonly string[] | undefined
}

/** One secret of a user. */
export interface UserKey {
  /** 16 bytes: the key of a hello's digest, and the secret in the key derivation of obfuscated2. */
  readonly secret: Buffer
  /** Unix second at which it ends; Infinity for the present one. */
  readonly until: number
}

export interface User extends UserKey {
  /** Place in shared memory: the same in every worker. */
  readonly index: number
  readonly name: string
  readonly enabled: boolean
  /** The present secret, then the previous ones. */
  readonly keys: readonly UserKey[]
  /** Undefined: none, and nothing to look at. */
  readonly limits: UserLimits | undefined
  /** 16 bytes: the channel that the user is shown by way of a middle proxy. */
  readonly adTag: Buffer | undefined
  /** Unix second: until then the sessions of a user who is gone may go on, and no new one begins. */
  readonly leavesAt: number | undefined
  /** Names of ways out; undefined: the usual ones. */
  readonly upstreams: readonly string[] | undefined
}

/** Places in shared memory by name. */
export type UserPlaces = ReadonlyMap<string, number>

/**
 * A place for every name. Whoever ever had one keeps it, also while away: its counts stand there, and nobody may inherit
 * them. Undefined when there are more names than places.
 */
export function placeUsers(
  names: readonly string[],
  before: UserPlaces = new Map(),
  capacity = Number.POSITIVE_INFINITY,
): UserPlaces | undefined {
  const places = new Map(before)
  for (const name of names) if (!places.has(name)) places.set(name, places.size)
  return places.size > capacity ? undefined : places
}

/** All users of one configuration, by place and by the name that only they use. */
export class Users {
  /** By place; undefined where nobody has it. */
  readonly all: readonly (User | undefined)[]
  readonly #byDomain = new Map<string, User[]>()
  readonly #byName = new Map<string, User>()

  /** @param known those that are the same as before */
  constructor(
    settings: readonly UserSettings[],
    places?: UserPlaces,
    known?: (name: string) => User | undefined,
  ) {
    const all: (User | undefined)[] = []
    settings.forEach((one, order) => {
      const index = places?.get(one.name) ?? order
      const before = known?.(one.name)
      const user = before?.index === index ? before : userOf(one, index)
      while (all.length <= index) all.push(undefined)
      all[index] = user
      this.#byName.set(user.name, user)
      if (one.domain !== undefined) this.#share(one.domain.toLowerCase(), user)
    })
    this.all = all
  }

  named(name: string): User | undefined {
    return this.#byName.get(name)
  }

  /** Users whose own domain is this server name. */
  withDomain(serverName: string | undefined): readonly User[] {
    return (serverName !== undefined && this.#byDomain.get(serverName.toLowerCase())) || []
  }

  #share(domain: string, user: User): void {
    const sharing = this.#byDomain.get(domain)
    if (sharing) sharing.push(user)
    else this.#byDomain.set(domain, [user])
  }
}

function userOf(settings: UserSettings, index: number): User {
  const { name, secret, enabled, previous = [], limits, leavesAt, upstreams } = settings
  const adTag = settings.adTag === undefined ? undefined : Buffer.from(settings.adTag, 'hex')
  const present = keyOf(secret, Number.POSITIVE_INFINITY)
  const keys = [present, ...previous.map((old) => keyOf(old.secret, old.until))]
  return { ...present, index, name, enabled, keys, limits, adTag, leavesAt, upstreams }
}

function keyOf(hex: string, until: number): UserKey {
  return { secret: Buffer.from(hex, 'hex'), until }
}
