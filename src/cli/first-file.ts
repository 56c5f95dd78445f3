import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { ENVIRONMENT_USER } from '../config/environment.ts'
import { parseDomain } from '../config/host-name.ts'
import { isPublicAddress } from '../net/interfaces.ts'
import { forwardConfirmedName, type NameLookups } from '../net/reverse-name.ts'
import { EXIT } from './exit-codes.ts'
import { holderText, type PortProbes } from './port-trouble.ts'

/** What the first file says; every field but the secret is shown to the operator. */
export interface FirstFile {
  readonly listen: string
  readonly publicHost: string
  readonly domain: string
  /** As `front.address` is written; undefined: left to the rule for an absent one. */
  readonly front: string | undefined
  readonly secret: string
}

export class FirstFileError extends Error {
  readonly code: 'no_port' | 'not_writable'
  readonly exitCode: number

  constructor(code: 'no_port' | 'not_writable', exitCode: number, message: string) {
    super(message)
    this.name = 'FirstFileError'
    this.code = code
    this.exitCode = exitCode
  }
}

export function freshSecret(): string {
  return randomBytes(16).toString('hex')
}

const PORTS = { usual: 443, spare: 8443 } as const

/** 443, or 8443 where that is taken or forbidden, with the reason. @throws FirstFileError when neither is free */
export async function firstPort(probes: PortProbes): Promise<{ port: number; note: string | undefined }> {
  const { usual, spare } = PORTS
  const trial = await probes.tryListen('', usual)
  if (trial === 'free') return { port: usual, note: undefined }
  const why =
    trial === 'taken' ? `is taken by ${holderText(usual, probes)}` : 'needs a permission that this user lacks'
  if ((await probes.tryListen('', spare)) === 'free')
    return { port: spare, note: `Port ${usual} ${why}: using ${spare}` }
  const text = `Port ${usual} ${why}, and port ${spare} is taken by ${holderText(spare, probes)}. Choose one with --listen.`
  throw new FirstFileError('no_port', EXIT.unavailable, text)
}

/** The server's own DNS name if it leads back to the address, else an sslip.io name that spells the address. */
export async function firstDomain(
  address: string,
  lookups: NameLookups,
): Promise<{ domain: string; note: string }> {
  // Names of private networks mean nothing to a phone, and the loopback's is "localhost".
  const own = isPublicAddress(address) ? await forwardConfirmedName(address, lookups) : undefined
  if (own?.includes('.') && parseDomain(own).ok) return { domain: own, note: "this server's own DNS name" }
  return { domain: sslipName(address), note: 'a name that sslip.io leads to this address' }
}

/** `203-0-113-7.sslip.io`; a label may not begin or end with a dash, so `::1` becomes `0--1` (sslip.io). */
export function sslipName(address: string): string {
  const dashed = address.toLowerCase().replace(/[.:]/g, '-')
  return `${dashed.replace(/^-/, '0-').replace(/-$/, '-0')}.sslip.io`
}

export function firstFileText({ listen, publicHost, domain, front, secret }: FirstFile): string {
  const address = front === undefined ? [] : [`address = ${JSON.stringify(front)}`]
  return [
    '# Every key: docs/configuration.md. After a change: portico check',
    `listen = ${JSON.stringify(listen)}`,
    `public_host = ${JSON.stringify(publicHost)}   # server= in the links`,
    '',
    '[front]',
    `domain = ${JSON.stringify(domain)}`,
    ...address,
    '',
    `[users.${ENVIRONMENT_USER}]`,
    `secret = ${JSON.stringify(secret)}`,
    '',
  ].join('\n')
}

/** Writes it for the owner's eyes only; never over a file that is there. @throws FirstFileError */
export function writeFirstFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, text)
    } catch (error) {
      unlinkSync(path)
      throw error
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw notWritable(path, (error as NodeJS.ErrnoException).code ?? String(error))
  }
}

function notWritable(path: string, code: string): FirstFileError {
  const exitCode = ['EACCES', 'EPERM', 'EROFS'].includes(code) ? EXIT.permission : EXIT.unavailable
  const text = `Cannot write ${path} (${code}). Name a place that can be written: portico run FILE`
  return new FirstFileError('not_writable', exitCode, text)
}
