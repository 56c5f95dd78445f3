import { test } from 'vitest'
import { compareStrangers, table } from './matrix.ts'
import { type FrontName, inScene } from './scene.ts'
import { CUTS, LENGTHS } from './sweep.ts'

test.concurrent.for(['nginx', 'Bun'] as FrontName[])(
  'random bytes of every length and hellos cut at every byte end as before %s',
  // A full sweep has some thousands of rows, and Bun's timer is long.
  { timeout: 1_200_000 },
  (name, { expect }) =>
    inScene(name, {}, async ({ pair }) => {
      const differences = await compareStrangers([...LENGTHS, ...CUTS], pair)
      expect(differences, table(name, differences)).toEqual([])
    }),
)
