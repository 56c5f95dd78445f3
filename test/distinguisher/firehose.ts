import type { RawCommand } from '../world/data-centre/raw-command.ts'

/** The fake data centre sends so many bytes, and keeps the connection. */
export function firehose(bytes: number): RawCommand {
  return { kind: 'firehose', bytes, seed: 1, then: 'keep' }
}
