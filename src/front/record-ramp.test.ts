import { expect, test } from 'vitest'
import { rampStep } from './record-ramp.ts'

test.each([
  // As Caddy 2.6 sent pages of 9,000 and of 200,000 bytes.
  ['a short page of Go', [1203, 2389, 555, 4761, 416, 19], 1186],
  [
    'a long one',
    [1203, 2389, 555, 4761, 5947, 7133, 8319, 2839, 10691, 11877, 10251, 14249, 15435, 3135, 16401, 16401],
    1186,
  ],
  ['a page that is too short to tell', [1203, 2070, 19], undefined],
  ['full records', [282, 16_401, 16_401, 16_401], undefined],
  ['small records', [4113, 4113, 4113, 900], undefined],
  ['a large record after a small one', [1203, 2389, 555, 4761, 16_401], undefined],
  ['nothing but ends', [19, 19, 19], undefined],
  ['nothing', [], undefined],
])('%s', (_what, sizes, step) => {
  expect(rampStep(sizes)).toBe(step)
})
