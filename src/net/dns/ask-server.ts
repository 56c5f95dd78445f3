import { randomInt } from 'node:crypto'
import { isIP } from 'node:net'
import { httpsTransport } from './https-transport.ts'
import { type AddressType, type Answer, type Question, readAnswer, writeQuestion } from './message.ts'
import type { DnsServer, DnsTransport } from './server.ts'
import { tcpTransport, tlsTransport } from './stream-transport.ts'
import { systemLookup } from './system-lookup.ts'
import { udpTransport } from './udp-transport.ts'

/** What a server says of a name. Seconds; undefined where nobody tells. */
export type Found =
  | { readonly state: 'found'; readonly addresses: readonly string[]; readonly ttl: number | undefined }
  | { readonly state: 'none'; readonly ttl: number | undefined }

/** When one family is here, the other is waited for so long, milliseconds: some servers never answer for IPv6. */
const OTHER_FAMILY = 300
const FAMILIES: readonly AddressType[] = ['AAAA', 'A']

export type AskServer = (server: DnsServer, name: string, signal: AbortSignal) => Promise<Found>

/**
 * Asks one server for all addresses of a name.
 * @param bootstrap where a server leads that is itself given by name
 * @throws an Error that says why there is no answer; never an answer that is somebody else's
 */
export function serverAsker(bootstrap: (name: string) => Promise<readonly string[]>): AskServer {
  const place = async (host: string) => {
    if (isIP(host) !== 0) return host
    const [first] = await bootstrap(host)
    if (first === undefined) throw new Error(`the DNS server ${host} is not found itself`)
    return first
  }
  return async (server, name, signal) => {
    switch (server.kind) {
      case 'system': {
        const addresses = await inTime(systemLookup(name), signal)
        return addresses.length > 0
          ? { state: 'found', addresses, ttl: undefined }
          : { state: 'none', ttl: undefined }
      }
      case 'udp': {
        const host = await inTime(place(server.host), signal)
        const { port } = server
        return askBoth(name, signal, {
          transport: udpTransport(host, port),
          longer: tcpTransport(host, port),
        })
      }
      case 'tls': {
        const host = await inTime(place(server.host), signal)
        const transport = tlsTransport(host, server.port, server.name ?? server.host)
        return askBoth(name, signal, { transport, padded: true })
      }
      case 'https': {
        const url = new URL(server.url)
        const host = url.hostname.replace(/^\[|\]$/g, '')
        const address = isIP(host) === 0 ? await inTime(place(host), signal) : undefined
        return askBoth(name, signal, { transport: httpsTransport(url, address), padded: true })
      }
    }
  }
}

interface Way {
  readonly transport: DnsTransport
  /** For answers that the other could not carry. */
  readonly longer?: DnsTransport
  readonly padded?: boolean
}

async function askBoth(name: string, signal: AbortSignal, way: Way): Promise<Found> {
  const enough = new AbortController()
  const both = AbortSignal.any([signal, enough.signal])
  const answers = new Map<AddressType, Answer>()
  let timer: NodeJS.Timeout | undefined
  let problem: unknown
  const heard = (type: AddressType, answer: Answer) => {
    answers.set(type, answer)
    if (answer.state === 'addresses') timer ??= setTimeout(() => enough.abort(), OTHER_FAMILY)
  }
  try {
    await askTypes(way.transport, FAMILIES, name, both, way.padded === true, heard)
    const cut = FAMILIES.filter((type) => answers.get(type)?.state === 'truncated')
    if (cut.length > 0 && way.longer) await askTypes(way.longer, cut, name, both, false, heard)
  } catch (error) {
    problem = error
  } finally {
    clearTimeout(timer)
  }
  return together([...answers.values()], problem)
}

async function askTypes(
  transport: DnsTransport,
  types: readonly AddressType[],
  name: string,
  signal: AbortSignal,
  padded: boolean,
  heard: (type: AddressType, answer: Answer) => void,
): Promise<void> {
  const open = new Set<Question>(types.map((type) => ({ id: randomInt(0x1_0000), name, type })))
  const questions = [...open].map((question) => writeQuestion(question, padded))
  const sent = questions.filter((question) => question !== undefined)
  if (sent.length < questions.length) throw new Error('no name that can be asked for')
  const take = (message: Buffer) => {
    for (const question of open) {
      const answer = readAnswer(message, question)
      if (answer.state === 'bad' && answer.code === 'not_ours') continue
      // What is malformed may be somebody's guess: the true one may still come.
      if (answer.state === 'bad') return false
      open.delete(question)
      heard(question.type, answer)
      return true
    }
    return false
  }
  await transport.ask(sent, take, signal)
}

function together(answers: readonly Answer[], problem: unknown): Found {
  const found = answers.filter((answer) => answer.state === 'addresses')
  if (found.length > 0) {
    const addresses = found.flatMap((answer) => answer.addresses)
    return { state: 'found', addresses, ttl: Math.min(...found.map(({ ttl }) => ttl)) }
  }
  const none = answers.filter((answer) => answer.state === 'none')
  if (none.length === FAMILIES.length) {
    const ttls = none.map(({ ttl }) => ttl).filter((ttl) => ttl !== undefined)
    return { state: 'none', ttl: ttls.length > 0 ? Math.min(...ttls) : undefined }
  }
  const refused = answers.find((answer) => answer.state === 'refused')
  if (refused) throw new Error(`refused with code ${refused.rcode}`)
  throw problem instanceof Error ? problem : new Error('no answer that can be used')
}

/** getaddrinfo cannot be ended, only left. */
async function inTime<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let aborted: (() => void) | undefined
  const late = new Promise<never>((_, reject) => {
    aborted = () => reject(new Error('no answer in time'))
    signal.addEventListener('abort', aborted, { once: true })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    if (aborted) signal.removeEventListener('abort', aborted)
  }
}
