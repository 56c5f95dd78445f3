import { Buffer } from 'node:buffer'
import { createCipheriv, hash } from 'node:crypto'
import vectors from './protocol.json' with { type: 'json' }

/** Recorded from TDLib, mtprotoproxy and the official proxy; `field_descriptions` within says what each field is. */
export { vectors }

export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex')
}

/** Random bytes that are the same in every run. */
export function seededRandom(seed: string): (n: number) => Buffer {
  const stream = createCipheriv('aes-256-ctr', hash('sha256', seed, 'buffer'), Buffer.alloc(16))
  return (n) => stream.update(Buffer.alloc(n))
}
