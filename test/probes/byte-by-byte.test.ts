import { test } from 'vitest'
import { startByteByByte } from './byte-by-byte.ts'
import { DEAD_DC, genuineProbes, NOBODY, UNKNOWN_DC } from './genuine.ts'
import { compareGenuine, compareStrangers, table } from './matrix.ts'
import { type FrontName, inScene } from './scene.ts'
import { STRANGERS } from './strangers.ts'

/** How much of an alert overtakes the reset for an upload is chance here; and every byte is an event for this process too. */
const LEFT_OUT =
  /mega|16 MB|64 KiB|as much|in one go|20 KB|100 KB|again and again|\d junk bytes|darwin|legacy/

const rows = <P extends { readonly name: string }>(probes: readonly P[]) =>
  probes.filter(({ name }) => !LEFT_OUT.test(name))

test.concurrent.for(['nginx', 'Bun'] as FrontName[])(
  'nothing differs when the answers of %s arrive byte by byte',
  (name, { expect }) =>
    inScene(name, { dataCentres: NOBODY, before: startByteByByte }, async (scene) => {
      const pair = { ...scene.pair, patience: scene.pair.patience + 3000, atOnce: 30 }
      const strangers = await compareStrangers(rows(STRANGERS), pair)
      expect(strangers, table(name, strangers)).toEqual([])
      const probes = genuineProbes({ secret: scene.secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
      const users = await compareGenuine(rows(probes), pair)
      expect(users, table(name, users)).toEqual([])
    }),
)
