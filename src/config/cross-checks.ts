import { formatEndpoint } from '../net/endpoint.ts'
import { parseListenAddress } from './address.ts'
import { parseDomain, parseSiteDomain, wildcardOver } from './host-name.ts'
import { nearest } from './nearest.ts'
import type { KeyFinding } from './not-yet-check.ts'
import { keyText } from './problem.ts'
import { parseUserSecret } from './secret-text.ts'
import type { Table, Value } from './toml.ts'

/** A sane name: it goes into metrics, logs, links' captions and commands. Beginning so, it can reach no prototype. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/

/**
 * What no single key can know. Works on the tree as written and passes over what the schema refuses anyway, so
 * that these problems are reported together with those.
 */
export function crossChecks(tree: Table): KeyFinding[] {
  return [
    ...names(tree, 'users', 'user'),
    ...names(tree, 'plans', 'plan'),
    ...unknownPlans(tree),
    ...sameSecrets(tree),
    ...sameAddresses(tree),
    ...siteNames(tree),
    ...userDomains(tree),
    ...upstreamNames(tree),
  ]
}

/** Takes users and plans with an impossible name out of the tree. */
function names(tree: Table, table: 'users' | 'plans', one: string): KeyFinding[] {
  const entries = asTable(tree[table])
  const findings: KeyFinding[] = []
  for (const name of Object.keys(entries)) {
    if (NAME.test(name)) continue
    findings.push({
      path: [table, name],
      message: `a ${one}'s name is 1 to 64 of A–Z a–z 0–9 . _ @ + - and begins with a letter or digit (use "note" for more)`,
    })
    delete entries[name]
  }
  return findings
}

function unknownPlans(tree: Table): KeyFinding[] {
  const plans = Object.keys(asTable(tree.plans))
  return Object.entries(asTable(tree.users)).flatMap(([name, user]) => {
    const { plan } = asTable(user)
    if (typeof plan !== 'string' || plan === '' || plans.includes(plan)) return []
    const meant = nearest(plan, plans)
    const hint =
      meant === undefined
        ? `add a table [${keyText(['plans', plan])}]`
        : `did you mean ${JSON.stringify(meant)}?`
    return [{ path: ['users', name, 'plan'], message: `there is no plan ${JSON.stringify(plan)}; ${hint}` }]
  })
}

function sameSecrets(tree: Table): KeyFinding[] {
  const owners = new Map<string, string>()
  return Object.entries(asTable(tree.users)).flatMap(([name, user]) =>
    secretsOf(user).flatMap(({ key, path }) => {
      const owner = owners.get(key)
      owners.set(key, owner ?? name)
      return owner === undefined
        ? []
        : [
            {
              path: ['users', name, ...path],
              message: `the same secret as that of user ${JSON.stringify(owner)}`,
            },
          ]
    }),
  )
}

/** The present secret and the previous ones, as far as they can be read. */
function secretsOf(user: Value): { key: string; path: (string | number)[] }[] {
  const { secret, previous } = asTable(user)
  const all = [
    { secret, path: ['secret'] },
    ...(Array.isArray(previous) ? previous : []).map((each, index) => ({
      secret: asTable(each).secret,
      path: ['previous', index, 'secret'],
    })),
  ]
  return all.flatMap((each) => {
    const parsed = typeof each.secret === 'string' ? parseUserSecret(each.secret) : undefined
    return parsed?.ok === true ? [{ key: parsed.value, path: each.path }] : []
  })
}

function sameAddresses(tree: Table): KeyFinding[] {
  const short = Array.isArray(tree.listen)
    ? tree.listen.map((value, index) => ({ value, path: ['listen', index] }))
    : [{ value: tree.listen, path: ['listen'] }]
  const tables = Array.isArray(tree.listener)
    ? tree.listener.map((each, index) => ({
        value: asTable(each).address,
        path: ['listener', index, 'address'],
      }))
    : []
  const seen = new Set<string>()
  return [...short, ...tables].flatMap(({ value, path }) => {
    const parsed =
      typeof value === 'string' || typeof value === 'number' ? parseListenAddress(String(value)) : undefined
    if (parsed?.ok !== true) return []
    const text = formatEndpoint(parsed.value)
    const twice = seen.has(text)
    seen.add(text)
    return twice ? [{ path, message: 'this address is already listened on' }] : []
  })
}

function siteNames(tree: Table): KeyFinding[] {
  const front = asTable(tree.front)
  const known = new Set<string>()
  const main = typeof front.domain === 'string' ? parseDomain(front.domain) : undefined
  if (main?.ok) known.add(main.value)
  const sites = Array.isArray(front.site) ? front.site : []
  return sites.flatMap((site, index) => {
    const domain = parsedSite(site)
    if (domain === undefined) return []
    const twice = known.has(domain)
    known.add(domain)
    return twice
      ? [{ path: ['front', 'site', index, 'domain'], message: `${JSON.stringify(domain)} is already a site` }]
      : []
  })
}

function userDomains(tree: Table): KeyFinding[] {
  const front = asTable(tree.front)
  const main = typeof front.domain === 'string' ? parseDomain(front.domain) : undefined
  if (main?.ok !== true) return []
  const sites = [main.value, ...(Array.isArray(front.site) ? front.site : []).map(parsedSite)]
  const owners = (['users', 'plans'] as const).flatMap((table) =>
    Object.entries(asTable(tree[table])).map(([name, owner]) => ({ path: [table, name, 'domain'], owner })),
  )
  return owners.flatMap(({ path, owner }) => {
    const { domain } = asTable(owner)
    const parsed = typeof domain === 'string' ? parseDomain(domain) : undefined
    if (parsed?.ok !== true) return []
    const name = parsed.value
    return sites.includes(name) || sites.includes(wildcardOver(name))
      ? []
      : [{ path, message: noSite(name, sites) }]
  })
}

function noSite(name: string, sites: readonly (string | undefined)[]): string {
  const farAbove = sites.find((site) => site?.startsWith('*.') && name.endsWith(site.slice(1)))
  const why = farAbove === undefined ? '' : ` (${JSON.stringify(farAbove)} stands for one label)`
  const wildcard = wildcardOver(name)
  const orWildcard = wildcard.indexOf('.', 2) > 0 ? `, or one for ${JSON.stringify(wildcard)}` : ''
  return `${JSON.stringify(name)} is none of the sites${why}: add a [[front.site]] with this domain${orWildcard}`
}

function parsedSite(site: Value): string | undefined {
  const { domain } = asTable(site)
  const parsed = typeof domain === 'string' ? parseSiteDomain(domain) : undefined
  return parsed?.ok === true ? parsed.value : undefined
}

/** By which everybody may ask for the straight way. */
const DIRECT = 'direct'

function upstreamNames(tree: Table): KeyFinding[] {
  const known = new Set<Value>()
  const findings = (Array.isArray(tree.upstream) ? tree.upstream : []).flatMap((each, index) => {
    const { name, url } = asTable(each)
    const path = ['upstream', index, 'name']
    if (typeof name !== 'string') return []
    if (known.has(name)) return [{ path, message: `there is an upstream ${JSON.stringify(name)} already` }]
    known.add(name)
    const isStraight = typeof url === 'string' && url.trim().startsWith('direct:')
    return name === DIRECT && !isStraight
      ? [{ path, message: '"direct" is the straight way: give a proxy another name' }]
      : []
  })
  known.add(DIRECT)
  const owners = (['users', 'plans'] as const).flatMap((table) =>
    Object.entries(asTable(tree[table])).map(([name, owner]) => ({ path: [table, name], owner })),
  )
  return [
    ...findings,
    ...owners.flatMap(({ path, owner }) => {
      const { upstream } = asTable(owner)
      const named = Array.isArray(upstream) ? upstream : upstream === undefined ? [] : [upstream]
      return named.flatMap((name, index) => {
        if (typeof name !== 'string' || name === '' || known.has(name)) return []
        const at = Array.isArray(upstream) ? [...path, 'upstream', index] : [...path, 'upstream']
        const meant = nearest(name, [...known].map(String))
        const hint = meant === undefined ? 'add an [[upstream]]' : `did you mean ${JSON.stringify(meant)}?`
        return [{ path: at, message: `there is no upstream ${JSON.stringify(name)}; ${hint}` }]
      })
    }),
  ]
}

/** The table itself, or an empty one where something else stands. */
export function asTable(value: Value | undefined): Table {
  const isTable = typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
  return isTable ? value : Object.create(null)
}
