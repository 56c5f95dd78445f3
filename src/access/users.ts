import { createSecretKey, type KeyObject } from 'node:crypto'

/** What the configuration says of one user, as far as finding and admitting needs it. */
export interface UserSettings {
  readonly name: string
  /** 32 hex digits: the key part of the secret. */
  readonly secret: string
  readonly enabled: boolean
  /** A name of the user's own, under a wildcard site. */
  readonly domain?: string | undefined
}

export interface User {
  /** Place in shared memory: the same in every worker. */
  readonly index: number
  readonly name: string
  readonly enabled: boolean
  /** For the digest of a hello. */
  readonly digestKey: KeyObject
  /** 16 bytes: the secret in the key derivation of obfuscated2. */
  readonly secret: Buffer
}

/** All users of one configuration, by place and by the name that only they use. */
export class Users {
  readonly all: readonly User[]
  readonly #byDomain = new Map<string, User[]>()

  constructor(settings: readonly UserSettings[]) {
    this.all = settings.map((user, index) => {
      const secret = Buffer.from(user.secret, 'hex')
      return { index, name: user.name, enabled: user.enabled, digestKey: createSecretKey(secret), secret }
    })
    settings.forEach(({ domain }, index) => {
      if (domain === undefined) return
      const name = domain.toLowerCase()
      const sharing = this.#byDomain.get(name)
      if (sharing) sharing.push(this.all[index]!)
      else this.#byDomain.set(name, [this.all[index]!])
    })
  }

  /** Users whose own domain is this server name. */
  withDomain(serverName: string | undefined): readonly User[] {
    return (serverName !== undefined && this.#byDomain.get(serverName.toLowerCase())) || []
  }
}
