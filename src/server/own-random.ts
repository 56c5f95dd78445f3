import { randomBytes } from 'node:crypto'

const SIZE = 32

/** What the client randoms of portico's own start-up hellos begin with: 31 bytes. */
export function makeOwnRandom(): Uint8Array {
  return new Uint8Array(randomBytes(SIZE - 1))
}

/** The client random of the first hello to this site: a listener of ours that meets it knows that the site leads back. */
export function ownRandomFor(site: number, own: Uint8Array): Buffer {
  return Buffer.concat([own, Uint8Array.of(site)])
}

/** The site that a hello of ours was meant for; undefined for everybody else's. */
export function ownSite(random: Uint8Array, own: Uint8Array): number | undefined {
  if (random.length !== SIZE) return undefined
  for (let at = 0; at < own.length; at++) if (random[at] !== own[at]) return undefined
  return random[SIZE - 1]
}
