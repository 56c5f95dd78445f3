import { test } from 'vitest'
import { compareStrangers, table } from './matrix.ts'
import { FRONTS, type FrontName, inScene } from './scene.ts'
import { STRANGERS } from './strangers.ts'

test.concurrent.for(Object.keys(FRONTS) as FrontName[])(
  'whoever lacks the secret meets %s, byte for byte and end for end',
  (name, { expect }) =>
    inScene(name, {}, async ({ pair }) => {
      const differences = await compareStrangers(STRANGERS, pair)
      expect(differences, table(name, differences)).toEqual([])
    }),
)
