/** Numbers in [0, 1), the same for the same seed: a figure of a report can be computed again. */
export type Random = () => number

/** mulberry32 (T. Ettinger): 32 bits of state, which is enough to shuffle and resample. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit)
}

export function pick<T>(choices: readonly T[], random: Random): T {
  return choices[below(choices.length, random)]!
}

/** Fisher and Yates; the argument stays as it is. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items]
  for (let at = out.length - 1; at > 0; at--) {
    const other = below(at + 1, random)
    ;[out[at], out[other]] = [out[other]!, out[at]!]
  }
  return out
}

/** Exponentially distributed, of the given mean. */
export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random())
}
