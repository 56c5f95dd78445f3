import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'

/** A site's certificates: ECDSA P-256 leaf and intermediate under a root of our own. Paths, and the root as PEM. */
export interface Chain {
  readonly key: string
  readonly leaf: string
  readonly intermediate: string
  /** Leaf, then intermediate. */
  readonly fullChain: string
  readonly root: string
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256']
const INTERMEDIATE = 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n'
const LEAF =
  'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n'

/**
 * Writes the files into `dir`.
 * @throws MissingProgram without openssl
 */
export function makeChain(dir: string, domain: string): Chain {
  const openssl = findProgram('openssl', 'openssl')
  const at = (name: string) => join(dir, name)
  const run = (...args: string[]) => execFileSync(openssl, args, { stdio: 'pipe' })

  const issue = (name: string, subject: string, issuer: string, extensions: string) => {
    writeFileSync(at(`${name}.ext`), extensions)
    run('req', '-new', ...NEW_KEY, '-subj', subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    const by = ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial']
    const to = ['-extfile', at(`${name}.ext`), '-days', '90', '-sha256', '-out', at(`${name}.pem`)]
    run('x509', '-req', '-in', at(`${name}.csr`), ...by, ...to)
  }

  const rootFiles = ['-keyout', at('root.key'), '-out', at('root.pem')]
  run('req', '-x509', ...NEW_KEY, '-days', '90', '-subj', '/O=World Trust/CN=World Root', ...rootFiles)
  issue('intermediate', '/O=World Trust/CN=World Issuing E1', 'root', INTERMEDIATE)
  issue('leaf', `/CN=${domain}`, 'intermediate', `${LEAF}subjectAltName=DNS:${domain}\n`)
  const fullChain = at('full-chain.pem')
  writeFileSync(
    fullChain,
    readFileSync(at('leaf.pem'), 'utf8') + readFileSync(at('intermediate.pem'), 'utf8'),
  )
  return {
    key: at('leaf.key'),
    leaf: at('leaf.pem'),
    intermediate: at('intermediate.pem'),
    fullChain,
    root: readFileSync(at('root.pem'), 'utf8'),
  }
}
