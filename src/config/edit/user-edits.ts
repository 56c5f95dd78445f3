import type { TomlEdits } from './toml-edits.ts'
import type { Path } from './toml-places.ts'
import type { TomlEntries, TomlValue } from './toml-value.ts'

export type UserEditErrorCode = 'no_such_user' | 'user_exists'

export class UserEditError extends Error {
  readonly code: UserEditErrorCode
  readonly user: string

  constructor(code: UserEditErrorCode, user: string) {
    super(
      code === 'no_such_user'
        ? `there is no user ${JSON.stringify(user)}`
        : `there is a user ${JSON.stringify(user)} already`,
    )
    this.name = 'UserEditError'
    this.code = code
    this.user = user
  }
}

/** The users of a configuration and of the users file beside it; new ones go into that file where there is one. */
export class UserEdits {
  /** Whoever was changed or made. */
  readonly touched = new Set<string>()
  readonly #main: TomlEdits
  readonly #own: TomlEdits | undefined

  constructor(main: TomlEdits, users: TomlEdits | undefined) {
    this.#main = main
    this.#own = users
  }

  names(): string[] {
    return [...this.#main.names(['users']), ...(this.#own?.names(['users']) ?? [])]
  }

  has(name: string): boolean {
    return this.#fileOf(name) !== undefined
  }

  /** @throws UserEditError */
  add(name: string, entries: TomlEntries): void {
    if (this.has(name) || this.touched.has(name)) throw new UserEditError('user_exists', name)
    this.touched.add(name)
    const edits = this.#own ?? this.#main
    edits.addTable(['users', name], entries)
  }

  /** @throws UserEditError */
  remove(name: string): void {
    this.#at(name).remove(['users', name])
  }

  /** Undefined removes a key. @throws UserEditError */
  set(name: string, entries: Readonly<Record<string, TomlValue | undefined>>): void {
    this.#at(name).setKeys(['users', name], entries)
    this.touched.add(name)
  }

  /** Keys of a table of the user's, which is made where it is missing; undefined removes one. @throws UserEditError */
  setIn(name: string, table: string, entries: Readonly<Record<string, TomlValue | undefined>>): void {
    const path = ['users', name, table]
    const edits = this.#at(name)
    if (edits.has(path)) edits.setKeys(path, entries)
    else {
      const given = Object.entries(entries).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]],
      )
      if (given.length > 0)
        edits.setKeys(['users', name], { [table]: Object.fromEntries(given) as TomlEntries })
    }
    this.touched.add(name)
  }

  /** One more secret that still works for a while, before those that are there. @throws UserEditError */
  addPrevious(name: string, secret: string, until: Date): void {
    this.#at(name).addToList(['users', name, 'previous'], { secret, until })
    this.touched.add(name)
  }

  /** A value as it stands in the file, TOML. */
  textOf(name: string, key: string): string | undefined {
    const path: Path = ['users', name, key]
    return this.#fileOf(name)?.valueText(path)
  }

  #at(name: string): TomlEdits {
    const edits = this.#fileOf(name)
    if (!edits) throw new UserEditError('no_such_user', name)
    return edits
  }

  #fileOf(name: string): TomlEdits | undefined {
    const path: Path = ['users', name]
    if (this.#own?.has(path)) return this.#own
    return this.#main.has(path) ? this.#main : undefined
  }
}
