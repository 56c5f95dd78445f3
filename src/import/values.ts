import { isIpv6 } from '../config/ip.ts'
import type { Value } from '../config/toml.ts'
import type { Apply, At } from './rules.ts'
import { dropped, type Verdict } from './verdict.ts'

/** Rules for one type of value; another type is reported and not carried. */
export function text(then: (value: string, at: At) => Verdict): Apply {
  return (value, at) => (typeof value === 'string' ? then(value, at) : dropped('expected text'))
}

export function number(then: (value: number, at: At) => Verdict): Apply {
  return (value, at) => {
    const amount = asNumber(value)
    return amount === undefined ? dropped('expected a number') : then(amount, at)
  }
}

export function yesNo(then: (value: boolean, at: At) => Verdict): Apply {
  return (value, at) => (typeof value === 'boolean' ? then(value, at) : dropped('expected true or false'))
}

/** A list of texts; one text is a list of one. */
export function texts(then: (value: string[], at: At) => Verdict): Apply {
  return (value, at) => {
    const list = asTexts(value)
    return list === undefined ? dropped('expected a list of texts') : then(list, at)
  }
}

export function asTexts(value: Value | undefined): string[] | undefined {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) return undefined
  const all = value.filter((each) => typeof each === 'string')
  return all.length === value.length ? all : undefined
}

/** A whole number that is not negative, also as digits in quotes. */
export function asNumber(value: Value | undefined): number | undefined {
  const amount = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0 ? amount : undefined
}

export function asText(value: Value | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `host:port`, IPv6 in brackets. */
export function hostPort(host: string, port: number | string): string {
  return isIpv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** `host:port` or `host` apart; undefined where it is neither. */
export function splitHostPort(value: string): { host: string; port: number | undefined } | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(value)
  const plain = isIpv6(value) ? [value, value] : /^([^:[\]\s/]+)(?::(\d{1,5}))?$/.exec(value)
  const [, host, port] = bracketed ?? plain ?? []
  return host === undefined ? undefined : { host, port: port === undefined ? undefined : Number(port) }
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const POWERS_OF_TEN = ['B', 'kB', 'MB', 'GB', 'TB']

/** In the largest unit that leaves no fraction. */
export function sizeOf(bytes: number): string {
  const [binary, decimal] = [inUnits(bytes, 1024, BINARY), inUnits(bytes, 1000, POWERS_OF_TEN)]
  return decimal.amount < binary.amount ? decimal.text : binary.text
}

function inUnits(value: number, step: number, units: readonly string[]): { amount: number; text: string } {
  let [amount, unit] = [value, 0]
  while (amount > 0 && amount % step === 0 && unit < units.length - 1) {
    amount /= step
    unit++
  }
  return { amount, text: `${amount} ${units[unit]}` }
}

const BIT_UNITS = ['bit', 'kbit', 'Mbit', 'Gbit']

/** Bits a second. */
export function bitRateOf(bits: number): string {
  return `${inUnits(bits, 1000, BIT_UNITS).text}/s`
}

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
}
const DECIMAL: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 }

/**
 * Bytes of `"10G"`, `"500MiB"`, `"10GB"` or a number.
 * @param decimal whether `GB` is a power of ten; otherwise all units are powers of two
 */
export function bytesOf(value: Value | undefined, decimal: boolean): number | undefined {
  const plain = asNumber(value)
  if (plain !== undefined || typeof value !== 'string') return plain
  const [, amount = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) *([A-Za-z]{0,3})$/.exec(value.trim()) ?? []
  const name = unit.toLowerCase()
  const short = /^([kmgt])i?b?$/.exec(name)?.[1] ?? name
  const factor = (decimal ? DECIMAL[name] : undefined) ?? BYTES[short]
  const bytes = factor === undefined || amount === '' ? Number.NaN : Math.round(Number(amount) * factor)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a duration as Go writes it: `5s`, `1h30m`, `1.5h`; undefined where it is none. */
export function goDuration(value: string): number | undefined {
  const compact = value.replaceAll(' ', '')
  if (compact === '0') return 0
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(compact)) return undefined
  let total = 0
  for (const [, amount, unit = ''] of compact.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (GO_UNITS[unit] ?? 0)
  return total
}

/** `2027-01-31T12:00:00Z` of RFC 3339 text, a date, a Unix time; the second tells whether a zone was assumed. */
export function instantOf(value: Value): { instant: string; assumed: boolean } | undefined {
  const seconds = asNumber(value)
  if (seconds !== undefined)
    return seconds > MAX_UNIX ? undefined : { instant: moment(seconds * 1000), assumed: false }
  const said = value instanceof Date ? value.toISOString() : typeof value === 'string' ? value.trim() : ''
  const [, date, time = '00:00:00', zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)([Zz]|[+-]\d{2}:\d{2})?)?$/.exec(
      said,
    ) ?? []
  if (date === undefined) return undefined
  const milliseconds = Date.parse(`${date}T${time}${zone?.toUpperCase() ?? 'Z'}`)
  return Number.isNaN(milliseconds)
    ? undefined
    : { instant: moment(milliseconds), assumed: zone === undefined }
}

/** The year 9999: what RFC 3339 can write. */
const MAX_UNIX = 253_402_300_799

function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.000Z$/, 'Z')
}
