import { bad, good, type Parsed } from './parsed.ts'

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 }

const SHAPE = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)$/
const RATE_SHAPE = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)\/s$/

/** `"100 GiB"`, `"1 MiB"`, `"500 MB"` → bytes. Bare `M` and `Mb` are errors: nobody can tell what they mean. */
export function parseSize(text: string): Parsed<number> {
  const match = SHAPE.exec(text.trim())
  if (match === null) return bad(`${JSON.stringify(text)} is not a size such as "100 GiB" or "500 MB"`)
  const [, amount = '', unit = ''] = match
  if (unit === '') return bad(`${JSON.stringify(text)} lacks a unit: write "${amount} B", "${amount} MiB" …`)
  const factor = Object.hasOwn(BYTES, unit) ? BYTES[unit] : undefined
  if (factor === undefined) return bad(unclearUnit(amount, unit))
  return whole(Number(amount) * factor, text)
}

/** `"10 Mbit/s"`, `"64 KiB/s"` → bytes per second. */
export function parseRate(text: string): Parsed<number> {
  const match = RATE_SHAPE.exec(text.trim())
  if (match === null) return bad(`${JSON.stringify(text)} is not a rate such as "10 Mbit/s" or "64 KiB/s"`)
  const [, amount = '', unit = ''] = match
  if (Object.hasOwn(BITS, unit)) return whole((Number(amount) * (BITS[unit] ?? 1)) / 8, text)
  const factor = Object.hasOwn(BYTES, unit) ? BYTES[unit] : undefined
  if (factor === undefined) {
    return bad(`${JSON.stringify(unit)} is unclear: write Mbit/s for bits or MiB/s, MB/s for bytes`)
  }
  return whole(Number(amount) * factor, text)
}

function whole(value: number, text: string): Parsed<number> {
  if (value > Number.MAX_SAFE_INTEGER) return bad(`${JSON.stringify(text)} is too large`)
  return good(Math.round(value))
}

function unclearUnit(amount: string, unit: string): string {
  const letter = /^[kmgt]/i.exec(unit)?.[0]?.toUpperCase()
  if (letter === undefined)
    return `${JSON.stringify(unit)} is not a unit of size (B, kB, MB, GB, KiB, MiB, GiB, TiB)`
  const decimal = letter === 'K' ? 'kB' : `${letter}B`
  return `${JSON.stringify(unit)} is unclear: write "${amount} ${letter}iB" (powers of 1024) or "${amount} ${decimal}" (powers of 1000)`
}
