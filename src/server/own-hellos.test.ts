import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { OwnHellos } from './own-hellos.ts'

const SITES = 3

/** Two threads with the same memory. */
function twoThreads() {
  const shared = new SharedArrayBuffer(OwnHellos.bytes(SITES))
  return { supervisor: new OwnHellos(shared), worker: new OwnHellos(shared) }
}

test('a hello is ours while its check runs, and a stranger’s before and after', () => {
  const { supervisor, worker } = twoThreads()
  const random = randomBytes(32)
  expect(worker.meet(random)).toBe(false)
  const check = supervisor.begin(2, random)
  expect(worker.meet(random)).toBe(true)
  // Over several hops it may come in more than once.
  expect(worker.meet(random)).toBe(true)
  expect(supervisor.end(2, check)).toBe(true)
  expect(worker.meet(random)).toBe(false)
})

test('one that does not come back, and others meanwhile', () => {
  const { supervisor, worker } = twoThreads()
  const random = randomBytes(32)
  const check = supervisor.begin(0, random)
  const almost = Buffer.from(random)
  almost[31]! ^= 1
  expect(worker.meet(almost)).toBe(false)
  expect(worker.meet(Buffer.alloc(32))).toBe(false)
  expect(supervisor.end(0, check)).toBe(false)
})

test('each site has its own', () => {
  const { supervisor, worker } = twoThreads()
  const randoms = [randomBytes(32), randomBytes(32)] as const
  const checks = randoms.map((random, site) => supervisor.begin(site, random))
  expect(worker.meet(randoms[1])).toBe(true)
  expect(checks.map((check, site) => supervisor.end(site, check))).toEqual([false, true])
})

test('the end of a check that was overtaken says nothing of its successor', () => {
  const { supervisor, worker } = twoThreads()
  const [old, random] = [randomBytes(32), randomBytes(32)]
  const overtaken = supervisor.begin(1, old)
  const check = supervisor.begin(1, random)
  expect(worker.meet(old)).toBe(false)
  expect(worker.meet(random)).toBe(true)
  expect(supervisor.end(1, overtaken)).toBe(false)
  expect(worker.meet(random)).toBe(true)
  expect(supervisor.end(1, check)).toBe(true)
})
