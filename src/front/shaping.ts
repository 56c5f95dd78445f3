import type { Shaping } from '../net/shaped-splice.ts'

/** Milliseconds between which the time is drawn for which a front's words to a stranger are held. */
const LEAST_HOLD = 30
const MOST_HOLD = 60
/** Lengths to which a client's bytes are padded: the least, doubled as often as is needed, up to the most (as telemt's mask_shape_bucket_*). */
const LEAST_LENGTH = 512
const MOST_LENGTH = 4096

export type ShapingChoice = 'off' | 'timing' | 'length' | 'both'

export interface ShapingDependencies {
  readonly random: (n: number) => Buffer
  after(milliseconds: number, run: () => void): void
}

/** Undefined where nothing is to be done. */
export function shapingOf(
  choice: ShapingChoice,
  { random, after }: ShapingDependencies,
): Shaping | undefined {
  if (choice === 'off') return undefined
  const hold = () => LEAST_HOLD + (random(4).readUInt32LE(0) % (MOST_HOLD - LEAST_HOLD + 1))
  const padding = (said: number) => random(paddedLength(said) - said)
  return {
    ...(choice !== 'length' && { hold }),
    ...(choice !== 'timing' && { padding }),
    after,
  }
}

/** What is longer than the most stays as it is, and so does nothing at all: a silent client is no shorter for it. */
function paddedLength(said: number): number {
  if (said === 0 || said > MOST_LENGTH) return said
  let length = LEAST_LENGTH
  while (length < said) length *= 2
  return length
}
