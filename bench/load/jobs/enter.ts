import { createHmac } from 'node:crypto'
import type { Command } from '../command.ts'
import { helloSource } from '../hello-source.ts'
import { LoadSession, ShownTheSite, type Target } from '../session.ts'

/** The others' work is worth nothing if one hangs. */
const TRY_LIMIT = 20_000
const RANDOM_AT = 11
const RANDOM_SIZE = 32

/** A client who looks whether it is portico that answers. */
export type UserTarget = Target & { readonly secret: string }

/** One try of a user's client, as far as `begin` goes; undefined: it was shown the site. */
export async function enter<T>(
  target: UserTarget,
  command: Command,
  begin: (session: LoadSession) => Promise<T>,
): Promise<T | undefined> {
  const secret = Buffer.from(target.secret, 'hex')
  let clientRandom: Buffer = Buffer.alloc(0)
  const hello = () => {
    const bytes = helloSource(secret, target.domain)()
    clientRandom = bytes.subarray(RANDOM_AT, RANDOM_AT + RANDOM_SIZE)
    return bytes
  }
  const isAnswer = (flight: Buffer) => isSealed(flight, secret, clientRandom)
  const session = new LoadSession({ ...target, isAnswer }, command, hello)
  const late = setTimeout(() => session.onFailure(new Error('no answer')), TRY_LIMIT)
  try {
    await session.opened
    return await begin(session)
  } catch (error) {
    session.reset()
    if (error instanceof ShownTheSite) return undefined
    throw error
  } finally {
    clearTimeout(late)
  }
}

/** TDLib's test (TlsInit.cpp): the random is the secret's digest of the client's random and the flight without it. */
function isSealed(flight: Buffer, secret: Buffer, clientRandom: Buffer): boolean {
  const zeroed = Buffer.from(flight).fill(0, RANDOM_AT, RANDOM_AT + RANDOM_SIZE)
  const digest = createHmac('sha256', secret).update(clientRandom).update(zeroed).digest()
  return digest.equals(flight.subarray(RANDOM_AT, RANDOM_AT + RANDOM_SIZE))
}
