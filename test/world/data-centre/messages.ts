import { unzipSync } from 'node:zlib'
import { id } from './constructors.ts'
import { answerCall, type MethodsContext, rpcError } from './methods.ts'
import { TlReader, TlWriter } from './tl.ts'

/** A message of ours before it is numbered. */
export interface Reply {
  readonly body: Buffer
  /** Wants an acknowledgement (odd sequence number). */
  readonly content: boolean
  /** Answers something the client sent (message id ≡ 1 mod 4), else a notice (≡ 3). */
  readonly response: boolean
}

export interface MessagesContext extends MethodsContext {
  readonly salts: () => readonly bigint[]
  /** Ids of the session's messages that have come, for whoever asks what became of them; filled as they come. */
  readonly received: Set<bigint>
}

const SALT_STEP = 1800
/** States of messages: nothing is known; it came, and the answer is made (core.telegram.org, service messages). */
const UNKNOWN = 1
const ANSWERED = 4 | 64

/** What a data centre says to one message of MTProto, containers included. */
export function* repliesTo(messageId: bigint, body: Buffer, context: MessagesContext): Generator<Reply> {
  const reader = new TlReader(body)
  const constructor = reader.u32()
  context.received.add(messageId)
  switch (constructor) {
    case id.msg_container:
      yield* repliesToContainer(reader, context)
      return
    case id.gzip_packed: // mtcute's is zlib, not gzip
      yield* repliesTo(messageId, unzipSync(reader.bytes()), context)
      return
    case id.msgs_ack:
    case id.msgs_state_info:
    case id.http_wait:
      return
  }
  yield serviceReply(constructor, messageId, reader, context) ?? rpcReply(messageId, body, context)
}

function* repliesToContainer(reader: TlReader, context: MessagesContext): Generator<Reply> {
  const count = reader.u32()
  for (let index = 0; index < count; index++) {
    const messageId = reader.u64()
    reader.u32()
    yield* repliesTo(messageId, reader.raw(reader.u32()), context)
  }
}

function serviceReply(
  constructor: number,
  messageId: bigint,
  reader: TlReader,
  context: MessagesContext,
): Reply | undefined {
  switch (constructor) {
    case id.ping:
    case id.ping_delay_disconnect:
      return response(new TlWriter().u32(id.pong).u64(messageId).u64(reader.u64()))
    case id.get_future_salts:
      return response(futureSalts(messageId, context))
    case id.msgs_state_req:
    case id.msg_resend_req: {
      const states = reader.longs().map((asked) => (context.received.has(asked) ? ANSWERED : UNKNOWN))
      return response(new TlWriter().u32(id.msgs_state_info).u64(messageId).bytes(Buffer.from(states)))
    }
    case id.rpc_drop_answer:
      return result(messageId, new TlWriter().u32(id.rpc_answer_unknown).done())
    case id.destroy_session:
      return response(new TlWriter().u32(id.destroy_session_ok).u64(reader.u64()))
    case id.destroy_auth_key:
      return response(new TlWriter().u32(id.destroy_auth_key_ok))
    default:
      return undefined
  }
}

function rpcReply(messageId: bigint, query: Buffer, context: MessagesContext): Reply {
  try {
    return result(messageId, answerCall(query, context))
  } catch {
    return result(messageId, rpcError(400, 'INPUT_REQUEST_TOO_SHORT'))
  }
}

function futureSalts(messageId: bigint, context: MessagesContext): TlWriter {
  const now = Math.floor(context.now() / 1000)
  const salts = context.salts()
  const writer = new TlWriter().u32(id.future_salts).u64(messageId).u32(now, salts.length)
  salts.forEach((salt, index) => {
    writer.u32(now + (index - 1) * SALT_STEP, now + (index + 1) * SALT_STEP).u64(salt)
  })
  return writer
}

function result(messageId: bigint, body: Buffer): Reply {
  const writer = new TlWriter().u32(id.rpc_result).u64(messageId).raw(body)
  return { body: writer.done(), content: true, response: true }
}

function response(writer: TlWriter): Reply {
  return { body: writer.done(), content: false, response: true }
}
