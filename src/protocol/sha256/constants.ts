/** FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const ROUND_CONSTANTS = Uint32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)))

/** FIPS 180-4 §5.3.3: the same of the square roots of the first eight. */
export const INITIAL_STATE = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)))

export const ROUNDS = 64
export const BLOCK = 64
export const WORDS_IN_BLOCK = 16
export const WORDS_OF_STATE = 8

/** A double has 52 bits for roots below 8: 20 more than are wanted. */
function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32)
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  }
  return found
}
