import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { nameToAsk } from '../sites.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const DAY = 86_400_000
const VALID_DAYS = 365
const RENEW_DAYS_BEFORE_END = 30

/** Key and certificate, both PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface CertificateDependencies {
  readonly now: () => number
  readonly random: (n: number) => Buffer
}

/**
 * The identity kept in `path` (one file, mode 0600, so that key and certificate always belong together), or a new one where
 * there is none, it is damaged, is for another name, or ends within a month.
 * @returns `made` is true where a new one was written
 * @throws where the file cannot be read or written
 */
export async function keptIdentity(
  path: string,
  domain: string,
  dependencies: CertificateDependencies,
): Promise<{ identity: Identity; made: boolean }> {
  const kept = parseIdentity(readPrivateFile(path))
  if (kept && isUsable(kept, domain, dependencies.now())) return { identity: kept, made: false }
  const identity = await makeIdentity(domain, dependencies)
  writePrivateFile(path, identity.key + identity.cert)
  return { identity, made: true }
}

function parseIdentity(text: string | undefined): Identity | undefined {
  const begin = text?.indexOf('-----BEGIN CERTIFICATE-----') ?? -1
  return text === undefined || begin < 1 ? undefined : { key: text.slice(0, begin), cert: text.slice(begin) }
}

function isUsable({ key, cert }: Identity, domain: string, now: number): boolean {
  try {
    const parsed = new X509Certificate(cert)
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return false
    const name = nameToAsk(domain)
    if (!(isAddress(name) ? parsed.checkIP(name) : parsed.checkHost(name))) return false
    const from = parsed.validFromDate.getTime()
    const to = parsed.validToDate.getTime()
    return from <= now + DAY && now < to - RENEW_DAYS_BEFORE_END * DAY
  } catch {
    return false
  }
}

/**
 * A certificate with the fields, order and string types of `openssl req -x509 -days 365 -addext subjectAltName=…`, the
 * commonest self-made one, so that its form singles nobody out.
 */
async function makeIdentity(domain: string, { now, random }: CertificateDependencies): Promise<Identity> {
  provideReflectMetadata()
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notBefore = new Date(Math.floor(now() / 1000) * 1000)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(random),
      // RFC 5280 ub-common-name is 64; a longer name stands in the alternative names alone
      name: new x509.Name([{ CN: [{ utf8String: domain.slice(0, 64) }] }]),
      notBefore,
      notAfter: new Date(notBefore.getTime() + VALID_DAYS * DAY),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.SubjectAlternativeNameExtension([{ type: isAddress(domain) ? 'ip' : 'dns', value: domain }]),
      ],
    },
    webcrypto,
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  })
  return { key, cert: `${certificate.toString('pem').trim()}\n` }
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^[\d.]+$/.test(name)
}

/** 158 random bits under a first byte that is neither zero nor negative: always 20 bytes, as OpenSSL draws them. */
function serialNumber(random: (n: number) => Buffer): string {
  const serial = random(20)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  return serial.toString('hex')
}

const nothing = () => undefined

/**
 * `@peculiar/x509` refuses to load without the metadata functions of the `reflect-metadata` proposal: its container asks them
 * about constructor parameters, of which the classes used here have none. They live in the site's own thread only.
 */
function provideReflectMetadata(): void {
  if ('getMetadata' in Reflect) return
  Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing })
}
