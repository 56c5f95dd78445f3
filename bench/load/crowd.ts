import { createHash } from 'node:crypto'

/** The site whose name all may use, and the wildcard under which each user has one of their own. */
export const SHARED_NAME = 'www.example.org'
export const WILDCARD = '*.example.org'

/** Digits of a user's number, always as many: names of one length can be put in each other's place. */
const DIGITS = 5
/** Coprime to the numbers of users that are measured: neighbours in a crowd are no neighbours in the file. */
const STRIDE = 7919

export const userName = (user: number) => `u${String(user).padStart(DIGITS, '0')}`
export const ownName = (user: number) => `${userName(user)}.example.org`

/** 32 hex digits, the same in every process. */
export function secretOf(user: number): string {
  return createHash('sha256').update(userName(user)).digest('hex').slice(0, 32)
}

/** The `n`th of those who come, out of `users`. */
export const member = (n: number, users: number) => (n * STRIDE) % users

/** Where a user comes from at first: no two share an address, 64 share a /24. */
export function homeOf(user: number): string {
  return `127.${1 + (user >> 14)}.${(user >> 6) & 255}.${(user & 63) + 1}`
}

/** One of eight million addresses at which nobody is at home. */
export function strangeAddress(draw: () => number): string {
  const byte = (most: number) => Math.floor(draw() * most)
  return `127.${128 + byte(127)}.${byte(256)}.${1 + byte(254)}`
}

/** The `n`th address of the attacker; no client is ever there. */
export const attackerAddress = (n: number) => `127.${100 + (n >> 14)}.${(n >> 6) & 255}.${(n & 63) + 1}`

export function usersToml(users: number): string {
  const table = (user: number) =>
    `[users.${userName(user)}]\nsecret = "${secretOf(user)}"\ndomain = "${ownName(user)}"\n`
  return Array.from({ length: users }, (_, user) => table(user)).join('')
}
