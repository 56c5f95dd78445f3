import { addressBytes, parseCidr } from '../config/ip.ts'

/** Beyond this the list would be longer than anybody reads. */
const MOST = 64

/**
 * The networks that hold every address but those of `networks`: what a list of the allowed says where another proxy
 * has one of the denied. Undefined where one is no network.
 */
export function complement(networks: readonly string[]): string[] | undefined {
  if (networks.length > MOST) return undefined
  const parsed = networks.map((each) => parseCidr(each))
  let left = ['0.0.0.0/0', '::/0']
  for (const each of parsed) {
    if (!each.ok) return undefined
    left = left.flatMap((network) => without(network, each.value))
  }
  return left
}

interface Network {
  readonly bytes: readonly number[]
  readonly length: number
}

function without(from: string, taken: string): string[] {
  const [whole, hole] = [networkOf(from), networkOf(taken)]
  if (whole.bytes.length !== hole.bytes.length) return [from]
  const shared = Math.min(whole.length, hole.length)
  if (!sameBits(whole.bytes, hole.bytes, shared)) return [from]
  if (hole.length <= whole.length) return []
  const sisters: string[] = []
  // Beside the hole on each level there is one network that stays whole.
  for (let length = whole.length + 1; length <= hole.length; length++)
    sisters.push(textOf(flipped(hole.bytes, length), length))
  return sisters
}

function networkOf(text: string): Network {
  const [address = '', length] = text.split('/')
  return { bytes: addressBytes(address) ?? [], length: Number(length) }
}

function bitOf(bytes: readonly number[], index: number): number {
  return ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1
}

function sameBits(a: readonly number[], b: readonly number[], count: number): boolean {
  for (let index = 0; index < count; index++) if (bitOf(a, index) !== bitOf(b, index)) return false
  return true
}

/** The first `length` bits with the last of them turned; zeros behind. */
function flipped(bytes: readonly number[], length: number): number[] {
  return bytes.map((_, at) => {
    let byte = 0
    for (let bit = 0; bit < 8; bit++) {
      const index = at * 8 + bit
      const value = index >= length ? 0 : bitOf(bytes, index) ^ (index === length - 1 ? 1 : 0)
      byte = (byte << 1) | value
    }
    return byte
  })
}

function textOf(bytes: readonly number[], length: number): string {
  if (bytes.length === 4) return `${bytes.join('.')}/${length}`
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0))
  const text = groups.map((group) => group.toString(16)).join(':')
  return `${new URL(`http://[${text}]/`).hostname.slice(1, -1)}/${length}`
}
