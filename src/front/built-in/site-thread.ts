import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../telemetry/log.ts'
import type { FromSiteThread, SiteThreadData } from './messages.ts'

/** A page and its connections; a thread that outgrows this is replaced rather than fed. */
const HEAP_MEGABYTES = 96

export interface BuiltInSiteOptions {
  readonly domain: string
  /** The certificate with its key and the seed stand in `site/<domain>` below it. */
  readonly stateDir: string
  /** Folder to serve; without it a neutral page of this installation's own. */
  readonly root?: string | undefined
}

/** Why a thread of the built-in site ended; the message is the thread's own. */
export class BuiltInSiteError extends Error {
  readonly code = 'built_in_site_failed'
}

export interface SiteThread {
  /** The port; rejects with BuiltInSiteError when the thread ends before it listens. */
  readonly listening: Promise<number>
  /** Why it is gone. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

/** One thread, without anybody who starts it again. Port 0: any free one. */
export function startSiteThread(
  options: BuiltInSiteOptions,
  port: number,
  log: Pick<Log, 'info' | 'warn'>,
): SiteThread {
  const listening = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<string>()
  const workerData: SiteThreadData = {
    domain: options.domain,
    folder: join(options.stateDir, 'site', folderName(options.domain)),
    root: options.root,
    port,
  }
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    name: 'built-in site',
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  })
  let reason: string | undefined
  worker.on('message', (message: FromSiteThread) => {
    if (message.type === 'listening') listening.resolve(message.port)
    else if (message.type === 'failed') reason = message.message
    else log[message.level](message.event, message.fields)
  })
  worker.on('error', (error) => {
    reason = error instanceof Error ? error.message : String(error)
  })
  worker.once('exit', (code) => {
    reason ??= `exit code ${code}`
    listening.reject(new BuiltInSiteError(reason))
    ended.resolve(reason)
  })
  return {
    listening: listening.promise,
    ended: ended.promise,
    async stop() {
      await worker.terminate()
    },
  }
}

/** `*.Example.org` → `_.example.org`; never a path of its own. */
function folderName(domain: string): string {
  return domain
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '_')
    .replace(/^\.+/, '_')
}
