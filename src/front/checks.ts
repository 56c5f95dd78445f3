import { formatEndpoint } from '../net/endpoint.ts'
import type { HelloClass } from '../protocol/tls/hello-writer.ts'
import { MAX_ENCRYPTED_RECORD } from '../protocol/tls/server-flight.ts'
import { isNear } from './locality.ts'
import { type InterfaceMtu, stumblingInterfaces } from './segments.ts'
import type { NoMirrorReason, Site, SiteFacts } from './site.ts'

export type SiteWarningCode =
  | 'front_unreachable'
  | 'front_is_portico'
  | 'front_remote'
  | 'front_not_tls'
  | 'front_refuses_name'
  | 'front_refuses_client'
  | 'front_no_tls13'
  | 'front_hello_retry'
  | 'front_unusual_flight'
  | 'front_no_mlkem'
  | 'front_many_records'
  | 'front_varying_records'
  | 'front_flight_too_long'
  | 'front_flight_cut'

/** With any of these, some users or all cannot be answered with the front's own flight. */
export const BARS_USERS: ReadonlySet<SiteWarningCode> = new Set<SiteWarningCode>([
  'front_not_tls',
  'front_refuses_name',
  'front_refuses_client',
  'front_no_tls13',
  'front_hello_retry',
  'front_unusual_flight',
])

export interface SiteWarning {
  readonly code: SiteWarningCode
  readonly message: string
}

/** What an operator should know about a front, each with its remedy; the gravest first, nothing where all is well. */
export function siteWarnings(
  site: Site,
  facts: SiteFacts,
  interfaces: readonly InterfaceMtu[] = [],
): SiteWarning[] {
  // The port of the built-in one is nothing that anybody has configured.
  const front = site.builtIn
    ? `The built-in site (${site.domain})`
    : `The front ${formatEndpoint(site.endpoint)} (${site.domain})`
  if (facts.selfTarget) {
    return [
      warning(
        'front_is_portico',
        `${front} is portico itself: visitors would be sent in a circle. Set front.address to the web server's own port.`,
      ),
    ]
  }
  const remote = remoteWarning(site, front)
  if (!facts.reachable) {
    const remedy = site.builtIn
      ? 'portico starts it again by itself'
      : 'Start the web server or correct front.address'
    return [
      warning(
        'front_unreachable',
        `${front} does not answer: until it does, visitors are turned away, and users too unless portico has recorded its answers before. ${remedy}.`,
      ),
      ...remote,
    ]
  }
  if (!facts.tls13) return [withoutTls13(front, site, facts), ...remote]
  return [
    ...unmirrorableWarnings(front, facts),
    ...flightWarnings(front, facts),
    ...cutWarnings(front, facts, interfaces),
    ...remote,
  ]
}

/** What holds for each of the following where an older answer of the front is on disk. */
const UNLESS_RECORDED = ', unless portico recorded its answers when they were others'

function withoutTls13(front: string, site: Site, facts: SiteFacts): SiteWarning {
  const reasons = Object.values(facts.unmirrorable)
  if (reasons.includes('tls12')) {
    return warning(
      'front_no_tls13',
      `${front} does not speak TLS 1.3, so no user can be answered in its name${UNLESS_RECORDED}. Enable TLS 1.3 there (nginx: ssl_protocols TLSv1.2 TLSv1.3).`,
    )
  }
  if (reasons.includes('alert')) {
    return warning(
      'front_refuses_name',
      `${front} answers with a TLS alert: it does not know that name, or shares no version and no key exchange with the clients. Give it a certificate for ${site.domain}, enable TLS 1.3, allow ${GROUPS}, or correct front.domain.`,
    )
  }
  if (reasons.length > 0 && reasons.every((reason) => reason === 'front_ended')) {
    return warning(
      'front_not_tls',
      `${front} closes the connection at a TLS hello for that name. Point front.address at the HTTPS port of the site, give the site a certificate for ${site.domain} (some servers close at a name that they do not know), and set front.proxy_protocol if it wants a PROXY header.`,
    )
  }
  return warning(
    'front_not_tls',
    `${front} does not answer a TLS hello as a web server does. Point front.address at the HTTPS port of the site.`,
  )
}

/** Those that clients send a share for, and one that all of them know. */
const GROUPS = 'the groups X25519MLKEM768 and X25519 there (nginx: ssl_ecdh_curve X25519MLKEM768:X25519)'

const UNMIRRORABLE_TEXT: Partial<Record<NoMirrorReason, string>> = {
  front_ended: 'by closing the connection',
  too_long: 'with more bytes than a first flight may have',
  half_record: 'with an answer that stops inside a record',
}

function unmirrorableWarnings(front: string, facts: SiteFacts): SiteWarning[] {
  const warnings: SiteWarning[] = []
  const retries = classesWith(facts, (reason) => reason === 'hello_retry_request')
  if (retries.length > 0) {
    warnings.push(
      warning(
        'front_hello_retry',
        `${front} asks ${clientNames(retries)} for another key share (HelloRetryRequest), so they cannot connect${UNLESS_RECORDED}. Allow ${GROUPS}.`,
      ),
    )
  }
  const refused = classesWith(facts, (reason) => reason === 'alert')
  if (refused.length > 0) {
    warnings.push(
      warning(
        'front_refuses_client',
        `${front} answers ${clientNames(refused)} with a TLS alert, as it does where it shares no key exchange with them, so they cannot connect${UNLESS_RECORDED}. Allow ${GROUPS}.`,
      ),
    )
  }
  const others = classesWith(facts, (reason) => reason !== 'hello_retry_request' && reason !== 'alert')
  if (others.length > 0) {
    const reason = facts.unmirrorable[others[0]!]!
    const how = UNMIRRORABLE_TEXT[reason] ?? `in a form that cannot be mirrored (${reason})`
    warnings.push(
      warning(
        'front_unusual_flight',
        `${front} answers ${clientNames(others)} ${how}, so they cannot connect${UNLESS_RECORDED}. Try it with another web server as front.`,
      ),
    )
  }
  return warnings
}

function flightWarnings(front: string, facts: SiteFacts): SiteWarning[] {
  const warnings: SiteWarning[] = []
  const longest = Math.max(0, ...Object.values(facts.encryptedBytes))
  if (longest > MAX_ENCRYPTED_RECORD) {
    warnings.push(
      warning(
        'front_flight_too_long',
        `${front} sends ${longest} encrypted bytes in its first flight; Telegram on iOS accepts ${MAX_ENCRYPTED_RECORD}. Use a shorter certificate chain (ECDSA, without the root).`,
      ),
    )
  }
  if (facts.records.tdlib !== undefined && !facts.mlkem) {
    warnings.push(
      warning(
        'front_no_mlkem',
        `${front} does not choose X25519MLKEM768, the key exchange of today's browsers and sites; such names have been blocked. Use OpenSSL 3.5 or newer, BoringSSL or rustls there.`,
      ),
    )
  }
  const most = Math.max(0, ...Object.values(facts.records))
  if (most > 1) {
    warnings.push(
      warning(
        'front_many_records',
        `${front} sends ${most} encrypted records in its first flight and Telegram clients accept one, so users get them merged: same bytes in total, but countable. A front on BoringSSL or rustls (Bun, Deno) sends one.`,
      ),
    )
  }
  if (facts.varying.length > 0) {
    warnings.push(
      warning(
        'front_varying_records',
        `${front} sends now more, now fewer encrypted records to ${clientNames(facts.varying)}; some of their first attempts may stay with the site. Let one web server with one certificate answer there.`,
      ),
    )
  }
  return warnings
}

/** Behind the ServerHello stand the ChangeCipherSpec, six bytes, and the header of the one encrypted record. */
const BEHIND_HELLO = 6 + 5

function cutWarnings(front: string, facts: SiteFacts, interfaces: readonly InterfaceMtu[]): SiteWarning[] {
  const { tdlib: whole } = facts.flightBytes
  const { tdlib: encrypted } = facts.encryptedBytes
  if (whole === undefined || encrypted === undefined) return []
  const helloEnd = whole - encrypted - BEHIND_HELLO
  const named = stumblingInterfaces(helloEnd, interfaces)
  if (named.length === 0) return []
  return [
    warning(
      'front_flight_cut',
      `${front} sends a ServerHello of ${helloEnd} bytes, and packets of ${named.join(', ')} end just behind it, where Telegram for Android breaks off. Give that interface another MTU (1500 is usual).`,
    ),
  ]
}

function remoteWarning(site: Site, front: string): SiteWarning[] {
  if (isNear(site.endpoint)) return []
  return [
    warning(
      'front_remote',
      `${front} is on another machine: its distance shows in every handshake, and visitors reach somebody else's server through this one. Run the site beside portico and set front.address to its local port.`,
    ),
  ]
}

const CLIENT_NAMES: Record<HelloClass, string> = {
  tdlib: 'current Telegram apps',
  darwin: 'Telegram apps on Apple systems',
  legacy: 'older Telegram apps',
}

function clientNames(classes: readonly HelloClass[]): string {
  return classes.map((helloClass) => CLIENT_NAMES[helloClass]).join(', ')
}

function classesWith(facts: SiteFacts, matches: (reason: NoMirrorReason) => boolean): HelloClass[] {
  const entries = Object.entries(facts.unmirrorable) as [HelloClass, NoMirrorReason][]
  return entries.filter(([, reason]) => matches(reason)).map(([helloClass]) => helloClass)
}

function warning(code: SiteWarningCode, message: string): SiteWarning {
  return { code, message }
}
