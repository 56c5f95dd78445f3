import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Framing } from '../data-centre/framing.ts'
import { INIT_SIZE, looksLikeAnotherProtocol, withSecret } from '../data-centre/obfuscated.ts'

const TAGS: Record<Framing, number> = { abridged: 0xef, intermediate: 0xee, padded: 0xdd }

export interface ObfuscatedClient {
  /** 64 bytes. */
  readonly init: Buffer
  readonly seal: (bytes: Uint8Array) => Buffer
  readonly open: (bytes: Uint8Array) => Buffer
}

export interface ObfuscatedOptions {
  /** The dc field, signed. */
  readonly dc: number
  readonly framing?: Framing
  /** 16 bytes; absent towards a data centre itself. */
  readonly secret?: Buffer | undefined
  /** Four bytes in place of the tag of `framing`. */
  readonly tag?: Buffer
}

/** Client side of obfuscated2. */
export function obfuscate({ dc, framing = 'padded', secret, tag }: ObfuscatedOptions): ObfuscatedClient {
  const init = drawInit()
  ;(tag ?? Buffer.alloc(4, TAGS[framing])).copy(init, 56)
  init.writeInt16LE(dc, 60)
  const reversed = Buffer.from(init.subarray(8, 56)).reverse()
  const cipher = createCipheriv(
    'aes-256-ctr',
    withSecret(init.subarray(8, 40), secret),
    init.subarray(40, 56),
  )
  const key = withSecret(reversed.subarray(0, 32), secret)
  const decipher = createDecipheriv('aes-256-ctr', key, reversed.subarray(32))
  cipher.update(init).copy(init, 56, 56)
  return {
    init,
    seal: (bytes) => cipher.update(bytes),
    open: (bytes) => decipher.update(bytes),
  }
}

function drawInit(): Buffer {
  for (;;) {
    const init = randomBytes(INIT_SIZE)
    if (!looksLikeAnotherProtocol(init)) return init
  }
}
