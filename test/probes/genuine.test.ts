import { test } from 'vitest'
import { metricSum } from '../world/metrics.ts'
import { DEAD_DC, genuineProbes, NOBODY, UNKNOWN_DC, usedUpProbes } from './genuine.ts'
import { CLASSES } from './hellos.ts'
import { compareGenuine, compareStrangers, table } from './matrix.ts'
import { FRONTS, type FrontName, inScene } from './scene.ts'

test.concurrent.for(Object.keys(FRONTS) as FrontName[])(
  'after a genuine hello, what is no session ends as at %s; and one used up or out of time meets it',
  (name, { expect }) =>
    inScene(name, { dataCentres: NOBODY }, async ({ pair, portico, secret }) => {
      const again = await usedUpProbes(pair.portico, secret)
      const strangers = await compareStrangers(again, pair)
      expect(strangers, table(name, strangers)).toEqual([])
      // No worker has let in a hello that another had seen.
      const metrics = await portico.metrics()
      expect(metricSum(metrics, 'portico_handshakes_total', { result: 'ok' })).toBe(CLASSES.length)
      expect(metricSum(metrics, 'portico_handshakes_total', { result: 'replay' })).toBeGreaterThan(0)
      expect(metricSum(metrics, 'portico_handshakes_total', { result: 'clock' })).toBeGreaterThan(0)

      const probes = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
      const differences = await compareGenuine(probes, pair)
      expect(differences, table(name, differences)).toEqual([])
    }),
)
