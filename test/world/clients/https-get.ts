import { createHash } from 'node:crypto'
import { Agent, request } from 'node:https'

export interface HttpsTarget {
  readonly host: string
  readonly port: number
  /** SNI and Host. */
  readonly domain: string
  /** PEM of the root that must have signed it. */
  readonly root: string
  /** To keep connections between requests. */
  readonly agent?: Agent
}

export interface HttpsAnswer {
  readonly status: number
  readonly bytes: number
  /** Lowercase hex. */
  readonly sha256: string
  /** The first 4 KiB. */
  readonly text: string
  /** True if the request went over a connection of an earlier one. */
  readonly reused: boolean
}

const KEPT_TEXT = 4096

export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}

/** A visitor of the site: checks the certificate, takes the whole body. */
export function httpsGet(target: HttpsTarget, path: string): Promise<HttpsAnswer> {
  const { host, port, domain, root, agent } = target
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port,
        path,
        servername: domain,
        ca: root,
        headers: { host: domain },
        agent: agent ?? new Agent({ keepAlive: false }),
      },
      (response) => {
        const hash = createHash('sha256')
        let [bytes, text] = [0, '']
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk)
          bytes += chunk.length
          if (text.length < KEPT_TEXT) text += chunk.toString('latin1').slice(0, KEPT_TEXT)
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            bytes,
            text,
            sha256: hash.digest('hex'),
            reused: call.reusedSocket,
          }),
        )
      },
    )
    call.on('error', reject)
    call.end()
  })
}
