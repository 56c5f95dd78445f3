import { randomBytes } from 'node:crypto'
import { parseLink } from '../protocol/link.ts'
import { formatSecret, KEY_SIZE, parseSecret, type Secret } from '../protocol/secret.ts'
import { EXIT } from './exit-codes.ts'
import type { Surroundings } from './surroundings.ts'

/** `portico secret [--domain NAME] [--from LINK]` */
export function secret(
  options: { readonly domain?: string | undefined; readonly from?: string | undefined },
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
): number {
  const { domain, from } = options
  const read = from === undefined ? fresh() : parseEither(from.trim())
  if (!read.ok) {
    stderr.write(`--from: ${read.message}\n`)
    return EXIT.usage
  }
  const { key } = read.secret
  if (from !== undefined && domain === undefined) return explain(read.secret, stdout)
  stdout.write(
    `${formatSecret(domain === undefined ? { kind: 'plain', key } : { kind: 'tls', key, domain: domain.toLowerCase() })}\n`,
  )
  return EXIT.ok
}

function fresh(): { ok: true; secret: Secret } {
  return { ok: true, secret: { kind: 'plain', key: randomBytes(KEY_SIZE) } }
}

function parseEither(text: string): { ok: true; secret: Secret } | { ok: false; message: string } {
  if (!text.includes('?')) return parseSecret(text)
  const parsed = parseLink(text)
  return parsed.ok ? { ok: true, secret: parsed.link.secret } : parsed
}

function explain(found: Secret, stdout: Surroundings['stdout']): number {
  stdout.write(`secret = "${found.key.toString('hex')}"\n`)
  if (found.kind === 'tls') stdout.write(`domain = ${JSON.stringify(found.domain)}\n`)
  return EXIT.ok
}
