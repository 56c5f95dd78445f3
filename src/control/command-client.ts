import { request } from 'node:http'

/** What came of asking a running portico. */
export type Asked<T> =
  | { readonly state: 'answered'; readonly answer: T }
  /** Nobody listens on the socket. */
  | { readonly state: 'not_running' }
  /** Somebody does, and the answer is none: the message says why. */
  | { readonly state: 'failed'; readonly message: string }

const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR'])

/** Asks the portico whose control socket `path` is. Never rejects. @param patience milliseconds without a byte */
export function askRunning<T>(
  path: string,
  command: string,
  question?: unknown,
  patience = 60_000,
): Promise<Asked<T>> {
  return new Promise((resolve) => {
    const failed = (message: string) => resolve({ state: 'failed', message })
    const asking = request({
      socketPath: path,
      path: `/${command}`,
      method: 'POST',
      agent: false,
      timeout: patience,
    })
    asking.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', (error) => failed(error.message))
      response.on('end', () => {
        const read = parsed(Buffer.concat(parts).toString())
        if (response.statusCode === 200 && read) resolve({ state: 'answered', answer: read.value as T })
        else failed(errorOf(read?.value) ?? `it answered ${response.statusCode}`)
      })
    })
    asking.on('timeout', () => {
      failed('it does not answer')
      asking.destroy()
    })
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (NOBODY.has(error.code ?? '')) resolve({ state: 'not_running' })
      else if (error.code === 'EACCES')
        failed(`${path} may not be opened by this user: use portico's own, or sudo`)
      else failed(error.message)
    })
    asking.end(question === undefined ? undefined : JSON.stringify(question))
  })
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function errorOf(value: unknown): string | undefined {
  const isObject = typeof value === 'object' && value !== null && 'error' in value
  return isObject ? String(value.error) : undefined
}
