import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import type { Log } from '../telemetry/guarded-log.ts'
import { bindServer } from './bind.ts'

/** Bytes of a question. */
export const MAX_QUESTION = 1_048_576
const OWNER_ONLY = 0o600
const MAX_CONNECTIONS = 16
const HEADERS_TIMEOUT = 5000

/** What a running portico can be asked; each takes and gives JSON. */
export type Commands = Readonly<Record<string, (question: unknown) => unknown>>

/** The question was not one that the command understands. */
export class BadQuestion extends Error {
  readonly code = 'bad_question'
}

export interface CommandServer {
  close(): Promise<void>
}

/**
 * The way of the command line into a running portico: `POST /NAME` over a unix socket that only its owner may open.
 * Rejects with BindError.
 */
export async function serveCommands(
  path: string,
  { commands, log }: { commands: Commands; log: Log },
): Promise<CommandServer> {
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT, keepAlive: false }, (request, response) => {
    answer(request, commands)
      .catch((error: unknown) => {
        log.error('a command failed', { command: request.url, error })
        return { status: 500, body: { error: 'it failed; the log says why' } }
      })
      .then(({ status, body }) => send(response, status, body))
      .catch(() => response.destroy())
  })
  server.maxConnections = MAX_CONNECTIONS
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  await bindServer(server, { kind: 'unix', path }, OWNER_ONLY)
  server.on('error', (error) => log.warn('the control socket failed', { error }))
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function answer(request: IncomingMessage, commands: Commands): Promise<Answer> {
  const name = (request.url ?? '').slice(1)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command)
    return { status: 404, body: { error: `this portico knows no command ${JSON.stringify(name)}` } }
  if (request.method !== 'POST') return { status: 405, body: { error: 'a command is asked with POST' } }
  const question = await read(request)
  if (question === undefined) return { status: 400, body: { error: 'the question is not JSON, or too long' } }
  try {
    return { status: 200, body: (await command(question.value)) ?? null }
  } catch (error) {
    if (error instanceof BadQuestion) return { status: 400, body: { error: error.message } }
    throw error
  }
}

async function read(request: IncomingMessage): Promise<{ value: unknown } | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_QUESTION) return undefined
    parts.push(part)
  }
  try {
    return { value: length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString()) }
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    connection: 'close',
  })
  response.end(bytes)
}
