import { createSecretKey } from 'node:crypto'
import { type HelloOptions, writeClientHello } from '../../../src/protocol/tls/hello-writer.ts'

/** The hellos that Telegram's clients send, as `src/protocol/tls/hello-layout.ts` has them. */
export const CLIENT_CLASSES = {
  'tdlib-144': { class: 'tdlib', ech: 144 },
  'tdlib-176': { class: 'tdlib', ech: 176 },
  'tdlib-208': { class: 'tdlib', ech: 208 },
  'tdlib-240': { class: 'tdlib', ech: 240 },
  darwin: { class: 'darwin' },
  'ios-517': { class: 'legacy' },
  'ios-517-without-sni': { class: 'legacy', domain: undefined },
} as const satisfies Record<string, Partial<HelloOptions>>

export type ClientClass = keyof typeof CLIENT_CLASSES

/** Every arm of a comparison gets the same hellos, authentic ones: to the front they are like any others. */
export function helloOf(
  name: ClientClass,
  domain: string,
  secret: Buffer,
  random: (n: number) => Buffer,
): Buffer {
  return writeClientHello(
    {
      domain,
      secret: createSecretKey(secret),
      unixSeconds: Math.floor(Date.now() / 1000),
      ...CLIENT_CLASSES[name],
    },
    random,
  )
}
