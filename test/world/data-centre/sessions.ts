import { randomBytes } from 'node:crypto'
import type { AuthKey, InnerMessage } from './auth-key.ts'
import { id } from './constructors.ts'
import { type Reply, repliesTo } from './messages.ts'
import type { MethodsContext } from './methods.ts'
import { TlWriter } from './tl.ts'

/** Replies up to this size share a container, as Telegram's do. */
const MAX_SHARED = 4096
const SALTS_GIVEN = 8
const WRONG_SALT = 48
const RESPONSE = 1n
const NOTICE = 3n

interface Session {
  sent: number
  readonly received: Set<bigint>
}

/** The encrypted side of a data centre: auth keys and sessions are common to all its connections. */
export class Sessions {
  readonly #context: MethodsContext
  readonly #keys = new Map<string, AuthKey>()
  readonly #sessions = new Map<string, Session>()
  #lastMessageId = 0n

  constructor(context: MethodsContext) {
    this.#context = context
  }

  get authKeys(): number {
    return this.#keys.size
  }

  keep(key: AuthKey): void {
    while (key.salts.size < SALTS_GIVEN) key.salts.add(randomBytes(8).readBigUInt64LE())
    this.#keys.set(key.id.toString('hex'), key)
  }

  keyOf(frame: Buffer): AuthKey | undefined {
    return this.#keys.get(frame.toString('hex', 0, 8))
  }

  /** Message id for something that is not encrypted. */
  plainMessageId(): bigint {
    return this.#messageId(RESPONSE)
  }

  /** Encrypted answers, in order, to an opened message. */
  answer(key: AuthKey, message: InnerMessage): Buffer[] {
    const name = `${key.id.toString('hex')} ${message.session}`
    const known = this.#sessions.get(name)
    const session = known ?? { sent: 0, received: new Set() }
    this.#sessions.set(name, session)
    if (!key.salts.has(message.salt)) return this.#seal(key, message, session, [wrongSalt(key, message)])
    const context = { ...this.#context, salts: () => [...key.salts], received: session.received }
    const replies = [...repliesTo(message.messageId, message.body, context)]
    if (!known) replies.unshift(newSession(key, message))
    return this.#seal(key, message, session, replies)
  }

  #seal(key: AuthKey, to: InnerMessage, session: Session, replies: Reply[]): Buffer[] {
    const small = replies.filter((reply) => reply.body.length <= MAX_SHARED)
    const shared = small.length > 1 ? [this.#container(session, small)] : small
    const large = replies.filter((reply) => reply.body.length > MAX_SHARED)
    return [...shared, ...large].map((reply) =>
      key.seal({ salt: to.salt, session: to.session, body: reply.body, ...this.#number(session, reply) }),
    )
  }

  #container(session: Session, replies: Reply[]): Reply {
    const writer = new TlWriter().u32(id.msg_container, replies.length)
    for (const reply of replies) {
      const { messageId, seqNo } = this.#number(session, reply)
      writer.u64(messageId).u32(seqNo, reply.body.length).raw(reply.body)
    }
    return { body: writer.done(), content: false, response: true }
  }

  #number(session: Session, reply: Reply): { messageId: bigint; seqNo: number } {
    const seqNo = session.sent * 2 + (reply.content ? 1 : 0)
    if (reply.content) session.sent++
    return { messageId: this.#messageId(reply.response ? RESPONSE : NOTICE), seqNo }
  }

  /** Unix time in units of 2^-32 s, strictly growing, its low two bits given. */
  #messageId(kind: bigint): bigint {
    const clock = (BigInt(Math.floor(this.#context.now())) << 32n) / 1000n
    const floor = this.#lastMessageId + 4n
    const chosen = ((clock > floor ? clock : floor) & ~3n) | kind
    this.#lastMessageId = chosen & ~3n
    return chosen
  }
}

function newSession(key: AuthKey, message: InnerMessage): Reply {
  const unique = randomBytes(8).readBigUInt64LE()
  const writer = new TlWriter().u32(id.new_session_created).u64(message.messageId).u64(unique).u64(key.salt)
  return { body: writer.done(), content: true, response: false }
}

function wrongSalt(key: AuthKey, message: InnerMessage): Reply {
  const writer = new TlWriter().u32(id.bad_server_salt).u64(message.messageId)
  writer.u32(message.seqNo, WRONG_SALT).u64(key.salt)
  return { body: writer.done(), content: false, response: true }
}
