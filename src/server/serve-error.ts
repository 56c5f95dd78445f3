/** Why portico cannot serve, with the exit code that a service manager understands (sysexits). */
export class ServeError extends Error {
  readonly code: string
  readonly exitCode: 69 | 70 | 75 | 77 | 78
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    exitCode: ServeError['exitCode'],
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = 'ServeError'
    this.code = code
    this.exitCode = exitCode
    this.fields = fields
  }
}
