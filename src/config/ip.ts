import { bad, good, type Parsed } from './parsed.ts'

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

export function isIpv4(text: string): boolean {
  return IPV4.test(text)
}

/** The WHATWG URL parser is the strict IPv6 reader at hand in a room without sockets; zones (`%eth0`) are refused. */
export function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`)
}

/** 4 or 16 bytes, or undefined when the text is no address. */
export function addressBytes(text: string): number[] | undefined {
  if (isIpv4(text)) return text.split('.').map(Number)
  if (!isIpv6(text)) return undefined
  // The URL parser's own spelling has hexadecimal groups only, at most one "::".
  const [left = '', right] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::')
  const head = groups(left)
  const tail = groups(right ?? '')
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length
  const all = [...head, ...new Array<number>(zeros).fill(0), ...tail]
  return all.flatMap((group) => [group >> 8, group & 0xff])
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** `"10.0.0.0/8"`, `"2001:db8::/32"`, or one address → the network with its prefix length written out. */
export function parseCidr(text: string): Parsed<string> {
  const [address = '', prefix, ...rest] = text.trim().split('/')
  const bytes = addressBytes(address)
  if (bytes === undefined || rest.length > 0) {
    return bad(`${JSON.stringify(text)} is not a network such as "10.0.0.0/8" or "2001:db8::/32"`)
  }
  const bits = bytes.length * 8
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (length < 0 || length > bits) return bad(`${JSON.stringify(text)}: the prefix length is 0 to ${bits}`)
  if (!hostBitsAreZero(bytes, length)) {
    return bad(
      `${JSON.stringify(text)} has bits set beyond its prefix of ${length}: is the prefix length right?`,
    )
  }
  return good(`${address}/${length}`)
}

function hostBitsAreZero(bytes: readonly number[], length: number): boolean {
  return bytes.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8))
    return (byte & (0xff >> kept)) === 0
  })
}
