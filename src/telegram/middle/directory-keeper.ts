import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FetchedText } from '../../net/fetch-text.ts'
import {
  LONGEST_SECRET,
  MAX_PROXY_CONFIG,
  type ProxyConfig,
  readProxyConfig,
  SHORTEST_SECRET,
} from '../../protocol/middle/proxy-config.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import { BUILT_IN_DEFAULT, BUILT_IN_SECRET, BUILT_IN_TABLE } from './built-in.ts'
import {
  defaultOf,
  type MiddleKnowledge,
  type MiddleTable,
  mergeTables,
  tableOf,
} from './middle-directory.ts'

const FETCH_TIMEOUT = 30_000
const SHORTEST_WAIT = 60_000

export interface DirectoryKeeperOptions {
  /** Of the configuration; they win. */
  readonly addresses: MiddleTable
  readonly secretFile: string | undefined
  readonly secretUrl: string
  readonly configUrl: string
  /** Milliseconds between two downloads, about. */
  readonly refresh: number
  /** Where the last good copies are. */
  readonly folder: string
}

export interface DirectoryKeeperDependencies {
  readonly log: Log
  fetch(url: string, options: { limit: number; timeout: number }): Promise<FetchedText>
  /** Of this host, as the Internet sees it. */
  publicAddresses(): Promise<readonly string[]>
  /** From 0 to below 1. */
  random(): number
  after(milliseconds: number, run: () => void): { cancel(): void }
  changed(knowledge: MiddleKnowledge): void
}

type Part = 'secret' | 'config' | 'config_v6'

/** Texts have one character a byte. */
const PARTS: Readonly<
  Record<Part, { file: string; limit: number; problem(text: string): string | undefined }>
> = {
  secret: { file: 'secret', limit: LONGEST_SECRET, problem: secretProblem },
  config: { file: 'proxy-config', limit: MAX_PROXY_CONFIG, problem: configProblem },
  config_v6: { file: 'proxy-config-v6', limit: MAX_PROXY_CONFIG, problem: configProblem },
}

/**
 * What is known of middle proxies: built in, then as last downloaded, then as downloaded now; the configuration above
 * all. A download that is no such thing changes nothing, and one that fails keeps what was good.
 */
export class DirectoryKeeper {
  readonly #o: DirectoryKeeperOptions
  readonly #d: DirectoryKeeperDependencies
  readonly #texts = new Map<Part, string>()
  #wait: { cancel(): void } | undefined
  #publicAddresses: readonly string[] = []
  /** Somebody has been told what there is. */
  #isKnown = false
  #stopped = false
  #begun = false

  constructor(options: DirectoryKeeperOptions, dependencies: DirectoryKeeperDependencies) {
    this.#o = options
    this.#d = dependencies
  }

  get knowledge(): MiddleKnowledge {
    const secret = this.#texts.get('secret')
    const configs = (['config', 'config_v6'] as const).flatMap((part) => this.#config(part))
    return {
      secret: secret === undefined ? BUILT_IN_SECRET : Buffer.from(secret, 'latin1'),
      table: mergeTables(BUILT_IN_TABLE, tableOf(configs), this.#o.addresses),
      defaultDc: defaultOf(configs) ?? BUILT_IN_DEFAULT,
      publicAddresses: this.#publicAddresses,
    }
  }

  /** The copies on disk, at once; then the downloads, again and again. A second call does nothing. */
  async begin(): Promise<void> {
    if (this.#begun) return
    this.#begun = true
    // Nobody waits for strangers: what comes later is told later.
    void this.#learnAddresses()
    for (const part of Object.keys(PARTS) as Part[]) await this.#restore(part)
    await this.#readSecretFile()
    this.#isKnown = true
    this.#d.changed(this.knowledge)
    void this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    this.#wait?.cancel()
  }

  #config(part: 'config' | 'config_v6'): ProxyConfig[] {
    const reading = readProxyConfig(this.#texts.get(part) ?? '')
    return reading.ok ? [reading.config] : []
  }

  async #restore(part: Part): Promise<void> {
    try {
      const text = await readFile(join(this.#o.folder, PARTS[part].file), 'latin1')
      if (PARTS[part].problem(text) === undefined) this.#texts.set(part, text)
    } catch {
      // There is none yet.
    }
  }

  async #readSecretFile(): Promise<void> {
    const { secretFile } = this.#o
    if (secretFile === undefined) return
    try {
      const text = await readFile(secretFile, 'latin1')
      const problem = secretProblem(text)
      if (problem === undefined) this.#texts.set('secret', text)
      else this.#d.log.error('telegram.middle.secret_file is no secret', { file: secretFile, problem })
    } catch (error) {
      this.#d.log.error('telegram.middle.secret_file cannot be read', { file: secretFile, error })
    }
  }

  async #refresh(): Promise<void> {
    const before = new Map(this.#texts)
    const { secretFile, secretUrl, configUrl } = this.#o
    if (secretFile !== undefined) await this.#readSecretFile()
    const results = await Promise.all([
      secretFile === undefined ? this.#download('secret', secretUrl) : true,
      this.#download('config', configUrl),
      this.#download('config_v6', `${configUrl}V6`),
    ])
    if (this.#stopped) return
    if ([...this.#texts].some(([part, text]) => before.get(part) !== text)) this.#d.changed(this.knowledge)
    // What failed is tried again sooner than what is merely old.
    const wait = results.every(Boolean) ? this.#o.refresh : Math.min(this.#o.refresh, SHORTEST_WAIT * 5)
    this.#wait = this.#d.after(Math.max(SHORTEST_WAIT, wait) * (0.9 + this.#d.random() * 0.2), () => {
      void this.#learnAddresses()
      void this.#refresh()
    })
  }

  async #learnAddresses(): Promise<void> {
    const found = await this.#d.publicAddresses()
    if (this.#stopped || found.join() === this.#publicAddresses.join()) return
    this.#publicAddresses = found
    if (this.#isKnown) this.#d.changed(this.knowledge)
  }

  /** False: what was good before stays. */
  async #download(part: Part, url: string): Promise<boolean> {
    const { limit, problem, file } = PARTS[part]
    const answer = await this.#d.fetch(url, { limit, timeout: FETCH_TIMEOUT })
    if (this.#stopped) return false
    const complain = (code: string, message: string | undefined) => {
      const isKnown = this.#texts.has(part)
      this.#d.log.warn('middle proxies: not refreshed', { part, url, code, message, last_good: isKnown })
      return false
    }
    if (answer.state === 'unchanged') return true
    if (answer.state === 'failed') return complain(answer.code, answer.message)
    const wrong = problem(answer.text)
    if (wrong !== undefined) return complain('not_valid', wrong)
    if (this.#texts.get(part) === answer.text) return true
    this.#texts.set(part, answer.text)
    await this.#keep(file, answer.text)
    return true
  }

  async #keep(file: string, text: string): Promise<void> {
    const { folder } = this.#o
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(join(folder, `${file}.new`), text, { encoding: 'latin1', mode: 0o600 })
      await rename(join(folder, `${file}.new`), join(folder, file))
    } catch (error) {
      this.#d.log.warn('middle proxies: the last good copy cannot be kept', { file, error })
    }
  }
}

function secretProblem(text: string): string | undefined {
  if (text.length < SHORTEST_SECRET || text.length > LONGEST_SECRET) {
    return `${text.length} bytes; a secret has ${SHORTEST_SECRET} to ${LONGEST_SECRET}`
  }
  return text.trimStart().startsWith('<') ? 'a web page' : undefined
}

function configProblem(text: string): string | undefined {
  const reading = readProxyConfig(text)
  return reading.ok ? undefined : `${reading.code} ${reading.statement ?? ''}`.trim()
}
