import { NodeCryptoProvider } from '@mtcute/node/utils.js'

// AES-IGE in WebAssembly: OpenSSL 3 has none, and block by block through node:crypto 32 MB cost seconds.
const provider = new NodeCryptoProvider()
await provider.initialize()

/** `iv` is 32 bytes: the previous cipher block, then the previous plain block. Lengths are multiples of 16. */
export function openIge(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Buffer {
  return asBuffer(provider.createAesIge(key, iv).decrypt(bytes))
}

export function sealIge(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Buffer {
  return asBuffer(provider.createAesIge(key, iv).encrypt(bytes))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
