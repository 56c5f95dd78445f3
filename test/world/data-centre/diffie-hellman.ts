import { randomBytes } from 'node:crypto'

/** Telegram's safe prime; clients know it and skip the primality test (https://core.telegram.org/mtproto/auth_key). */
export const DH_PRIME = Buffer.from(
  'c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e' +
    '0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5b' +
    'cd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef128' +
    '4754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded28' +
    '49f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b',
  'hex',
)
export const DH_GENERATOR = 3

const prime = toNumber(DH_PRIME)

/** Half of an exchange. The exponent is short because tests, not secrets, depend on it. */
export class DhHalf {
  readonly #exponent = toNumber(randomBytes(64))
  /** 256 bytes, big-endian. */
  readonly share = toBytes(power(BigInt(DH_GENERATOR), this.#exponent))

  /** 256 bytes, big-endian. */
  agree(otherShare: Buffer): Buffer {
    return toBytes(power(toNumber(otherShare), this.#exponent))
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % prime
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % prime
    square = (square * square) % prime
  }
  return result
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(512, '0'), 'hex')
}
