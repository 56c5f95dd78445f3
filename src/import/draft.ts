import { resolve } from 'node:path'
import { parseDomain } from '../config/host-name.ts'
import { refuseNotYet } from '../config/not-yet-check.ts'
import { keyText } from '../config/problem.ts'
import { parseUserSecret } from '../config/secret-text.ts'
import type { Table, Value } from '../config/toml.ts'
import { freeName } from './user-name.ts'
import { carried, changed, dropped, type Verdict } from './verdict.ts'

type Path = readonly (string | number)[]

interface Site {
  address?: string
  proxy_protocol?: string
}

/** The configuration that is being made. What this version of portico cannot honour never gets into it. */
export class Draft {
  /** Everything but users, sites and listeners. */
  readonly #tree: Table = {}
  /** By the name in the old configuration. */
  readonly #users = new Map<string, { readonly name: string; readonly table: Table }>()
  readonly #names = new Set<string>()
  /** Users by their keys. */
  readonly #owners = new Map<string, string>()
  /** The first is the front. */
  readonly #sites = new Map<string, Site>()
  readonly #listeners: Table[] = []
  /** Of every listener. */
  modes: readonly string[] = ['tls']
  readonly #dir: string

  /** @param dir where the old configuration lies: relative files in it start there */
  constructor(dir: string) {
    this.#dir = dir
  }

  /** The absolute path of a file that the old configuration names. */
  fileOf(path: string): string {
    return resolve(this.#dir, path)
  }

  /** @param how what is different about it here */
  put(path: string | Path, value: Value, how?: string): Verdict {
    const parts = typeof path === 'string' ? path.split('.') : path
    const trouble = whyNot(parts, value)
    if (trouble !== undefined) return dropped(`${keyText(parts)}: ${trouble}`)
    setAt(this.#tree, parts, value)
    return how === undefined ? carried(keyText(parts)) : changed(how, keyText(parts))
  }

  /** One entry more of a list. */
  add(path: string, value: Value, how?: string): Verdict {
    const parts = path.split('.')
    const list = inTree(this.#tree, parts)
    return this.put(path, [...(Array.isArray(list) ? list : []), value], how)
  }

  has(path: string): boolean {
    return inTree(this.#tree, path.split('.')) !== undefined
  }

  /**
   * A user under a name that is possible here.
   * @param key 32 hexadecimal digits; anything else is reported
   */
  addUser(oldName: string, key: string, how?: string): Verdict {
    const parsed = parseUserSecret(key)
    if (!parsed.ok) return dropped(`the secret: ${parsed.message}`)
    if (this.#users.has(oldName)) return dropped('there is a user of this name already')
    const owner = this.#owners.get(parsed.value)
    if (owner !== undefined)
      return dropped(`the same secret as that of ${JSON.stringify(owner)}: nobody could tell them apart`)
    const name = freeName(oldName, this.#names)
    this.#names.add(name)
    this.#owners.set(parsed.value, oldName)
    const table: Table = { secret: parsed.value, ...(name === oldName ? {} : { note: oldName }) }
    this.#users.set(oldName, { name, table })
    const to = keyText(['users', name, 'secret'])
    const renamed =
      name === oldName
        ? undefined
        : `is called ${JSON.stringify(name)} here, for names are A–Z a–z 0–9 . _ @ + -`
    const both = [how, renamed].filter((each) => each !== undefined).join('; ')
    return both === '' ? carried(to) : changed(both, to)
  }

  /** @param oldName as the old configuration calls the user */
  putUser(oldName: string, path: string | Path, value: Value, how?: string): Verdict {
    const user = this.#users.get(oldName)
    if (user === undefined) return dropped(`there is no user ${JSON.stringify(oldName)} that was carried`)
    const parts = typeof path === 'string' ? path.split('.') : path
    const whole = ['users', user.name, ...parts]
    const trouble = whyNot(whole, value)
    if (trouble !== undefined) return dropped(trouble)
    setAt(user.table, parts, value)
    return how === undefined ? carried(keyText(whole)) : changed(how, keyText(whole))
  }

  get userNames(): string[] {
    return [...this.#users.keys()]
  }

  /** A name for links and the place of its site; the first one is the front. */
  addSite(domain: string, address?: string): Verdict {
    const parsed = parseDomain(domain)
    if (!parsed.ok) return dropped(`no old link with this name can be made here: ${parsed.message}`)
    const known = this.#sites.get(parsed.value)
    this.#sites.set(parsed.value, { ...known, ...(address === undefined ? {} : { address }) })
    const isFront = [...this.#sites.keys()].indexOf(parsed.value) === 0
    const to = isFront
      ? 'front.domain'
      : `front.site.${[...this.#sites.keys()].indexOf(parsed.value) - 1}.domain`
    return parsed.value === domain ? carried(to) : changed('in lower case', to)
  }

  /** The same place, or the same header, for all sites that are there. */
  forSites(key: 'address' | 'proxy_protocol', valueFor: (domain: string) => string, how?: string): Verdict {
    for (const [domain, site] of this.#sites) site[key] = valueFor(domain)
    const to = `front.${key}`
    return how === undefined ? carried(to) : changed(how, to)
  }

  get domains(): string[] {
    return [...this.#sites.keys()]
  }

  /** @returns its index */
  addListener(address: string): number {
    return this.#listeners.push({ address }) - 1
  }

  get listeners(): number {
    return this.#listeners.length
  }

  putListener(index: number, key: string, value: Value, how?: string): Verdict {
    const listener = this.#listeners[index]
    if (listener === undefined) return dropped('its listener was not carried')
    listener[key] = value
    const to = `listener.${index}.${key}`
    return how === undefined ? carried(to) : changed(how, to)
  }

  putListeners(key: string, value: Value, how?: string): Verdict {
    for (const index of this.#listeners.keys()) this.putListener(index, key, value)
    return how === undefined ? carried(`listener.*.${key}`) : changed(how, `listener.*.${key}`)
  }

  /** The file as a tree, in the order in which it is written. */
  finished(spareDomain: string): Table {
    const [front, ...sites] = this.#sites
    const [domain, site] = front ?? [spareDomain, { address: 'built-in' }]
    const { front: more, public_host, public_port, public_addresses, ...rest } = this.#tree
    const top = { public_host, public_port, public_addresses }
    const further = sites.map(([name, each]) => ({ domain: name, ...each }))
    return {
      ...this.#listenerKeys(),
      ...Object.fromEntries(
        Object.entries(top).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
      front: {
        domain,
        ...site,
        ...(more as Table | undefined),
        ...(further.length === 0 ? {} : { site: further }),
      },
      ...rest,
      users: Object.fromEntries([...this.#users.values()].map(({ name, table }) => [name, table])),
    }
  }

  /** The short form where it can say everything. */
  #listenerKeys(): Table {
    const isPlain =
      this.modes.join() === 'tls' && this.#listeners.every((each) => Object.keys(each).length === 1)
    const addresses = this.#listeners.map(({ address }) => address ?? '')
    if (addresses.length === 0) return {}
    if (isPlain) return { listen: addresses.length === 1 ? (addresses[0] ?? '') : addresses }
    return { listener: this.#listeners.map((each) => ({ ...each, modes: [...this.modes] })) }
  }
}

/** Why a key cannot be written by this version; the rows of later capabilities decide, not a list of our own. */
function whyNot(path: Path, value: Value): string | undefined {
  const tree: Table = {}
  setAt(
    tree,
    path.map((part) => (typeof part === 'number' ? 0 : part)),
    structuredClone(value),
  )
  return refuseNotYet(tree)[0]?.message
}

function setAt(start: Table, path: Path, value: Value): void {
  let here = start as Record<string | number, Value>
  path.slice(0, -1).forEach((part, depth) => {
    here[part] ??= typeof path[depth + 1] === 'number' ? [] : {}
    here = here[part] as Record<string | number, Value>
  })
  here[path.at(-1) ?? ''] = value
}

function inTree(start: Table, path: Path): Value | undefined {
  let here: Value | undefined = start
  for (const part of path) here = (here as Record<string | number, Value> | undefined)?.[part]
  return here
}
