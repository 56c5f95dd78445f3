import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inTwoThreads } from '../../test/doubles/two-threads.ts'
import { SessionClaims } from './session-claims.ts'

const WORKERS = 3
const USERS = 4

function claimsOf(workers = WORKERS) {
  const shared = new SharedArrayBuffer(SessionClaims.bytes(USERS, workers))
  return { shared, claims: new SessionClaims(shared, workers) }
}

describe('SessionClaims', () => {
  test('against a list of who holds what, with workers that die', () => {
    const step = fc.record({
      worker: fc.integer({ min: 1, max: WORKERS }),
      user: fc.integer({ min: 0, max: USERS - 1 }),
      does: fc.constantFrom('claim', 'claim', 'claim', 'release', 'die'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
        const { claims } = claimsOf()
        let held: { worker: number; user: number }[] = []
        const of = (user: number) => held.filter((one) => one.user === user).length
        for (const { worker, user, does } of steps) {
          if (does === 'claim') {
            expect(claims.claim(worker, user, max)).toBe(of(user) < max)
            if (of(user) < max) held.push({ worker, user })
          } else if (does === 'release') {
            const at = held.findIndex((one) => one.worker === worker && one.user === user)
            if (at < 0) continue
            held.splice(at, 1)
            claims.release(worker, user)
          } else {
            claims.forget(worker)
            held = held.filter((one) => one.worker !== worker)
          }
          expect(claims.live(user)).toBe(of(user))
        }
        expect(claims.drifts()).toEqual([])
      }),
    )
  })

  test('the server is counted in a place of its own', () => {
    const { claims } = claimsOf()
    expect(claims.claim(1, claims.everybody, 1)).toBe(true)
    expect(claims.claim(2, claims.everybody, 1)).toBe(false)
    expect(claims.live(USERS - 1)).toBe(0)
  })

  test('a worker that dies between its two words leaves nothing behind for ever', () => {
    const { shared, claims } = claimsOf()
    claims.claim(2, 1, 5)
    // The total was taken, the worker's own word not yet.
    Atomics.add(new Int32Array(shared), 1, 1)
    claims.forget(1)
    const drifts = claims.drifts()
    expect(drifts).toEqual([{ user: 1, total: 2, held: 1 }])
    claims.mend(drifts)
    expect(claims.live(1)).toBe(1)
  })

  test('what has moved since is in use, and is left alone', () => {
    const { shared, claims } = claimsOf()
    Atomics.add(new Int32Array(shared), 1, 1)
    const drifts = claims.drifts()
    claims.claim(2, 1, 5)
    claims.mend(drifts)
    expect(claims.live(1)).toBe(2)
  })

  test('two threads that claim at once never hold more than the limit, nor give a place away in vain', async () => {
    const { shared, claims } = claimsOf(2)
    const max = 100
    const module = new URL('./session-claims.ts', import.meta.url).href
    const results = await inTwoThreads<{ most: number; held: number }>(
      `
      const { SessionClaims } = await import(data.module)
      const claims = new SessionClaims(data.shared, 2)
      let held = 0
      let most = 0
      together()
      for (let i = 0; i < 200_000; i++) {
        if (i % 3 !== 0) {
          if (claims.claim(data.worker, 2, data.max)) held++
        } else if (held > 0) {
          claims.release(data.worker, 2)
          held--
        }
        most = Math.max(most, claims.live(2))
      }
      report({ most, held })
      `,
      { shared, module, max },
    )
    expect(Math.max(...results.map(({ most }) => most))).toBe(max)
    expect(claims.live(2)).toBe(results[0].held + results[1].held)
    expect(claims.drifts()).toEqual([])
  })
})
