import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fullRecord } from '../front/full-record.ts'
import { HELLO_CLASSES } from '../front/learn.ts'
import { readManners } from '../front/manners.ts'
import { FLIGHTS_KEPT, type Flights, type SiteProfile } from '../front/profile.ts'
import type { Site } from '../front/site.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { FULL_RECORD } from '../protocol/tls/record.ts'
import { readRecordedFlight } from '../protocol/tls/recorded-flight.ts'

/** Another form of the file is another number: an older one is not read, and the front is asked again. */
const VERSION = 1
const MAX_BYTES = 1024 * 1024
const OURS = /^[0-9a-f]{16}\.json(?:\.new)?$/
/** A site that nobody has served for so long is forgotten, milliseconds. */
const STALE = 90 * 24 * 3600 * 1000

/** What was recorded of each site, one file each, so that a start needs no front. */
export class ProfileFiles {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Undefined where there is none that can be used: a damaged file is as good as none. @throws the system's error */
  async read(site: Site): Promise<SiteProfile | undefined> {
    const path = this.#path(site)
    try {
      if ((await stat(path)).size > MAX_BYTES) return undefined
      return readProfile(await readFile(path, 'utf8'), site)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Whole or not at all. @throws the system's error */
  async write(site: Site, profile: SiteProfile): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const path = this.#path(site)
    const unfinished = `${path}.new`
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'wx', 0o600)
    try {
      await file.writeFile(writeProfile(profile, site))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  }

  /** Removes what belongs to sites of long ago. Never rejects. */
  async tidy(now: number): Promise<void> {
    const here = await readdir(this.#dir).catch(() => [])
    for (const name of here.filter((each) => OURS.test(each))) {
      const path = join(this.#dir, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }))
      if (now - mtimeMs > STALE) await rm(path, { force: true }).catch(() => {})
    }
  }

  #path({ domain }: Site): string {
    const name = createHash('sha256').update(domain.toLowerCase()).digest('hex').slice(0, 16)
    return join(this.#dir, `${name}.json`)
  }
}

function writeProfile(profile: SiteProfile, { domain, endpoint }: Site): string {
  return `${JSON.stringify({ version: VERSION, domain, endpoint: formatEndpoint(endpoint), ...profile })}\n`
}

/** What of it is whole; undefined for what is of another version, another site, or no JSON. */
function readProfile(text: string, site: Site): SiteProfile | undefined {
  const kept = parsed(text)
  if (kept?.version !== VERSION || kept.domain !== site.domain) return undefined
  if (kept.endpoint !== formatEndpoint(site.endpoint)) return undefined
  const flights = readFlights(kept.flights)
  return Object.keys(flights).length > 0
    ? {
        flights,
        manners: readManners(kept.manners),
        ...readFullRecord(kept.fullRecord),
        ...readRamp(kept.rampStep),
      }
    : undefined
}

function readFullRecord(value: unknown): Pick<SiteProfile, 'fullRecord'> {
  // As if records of this size had just come.
  const size = Number.isInteger(value) ? fullRecord(Array<number>(3).fill(Number(value))) : undefined
  return size === undefined ? {} : { fullRecord: size }
}

function readRamp(value: unknown): Pick<SiteProfile, 'rampStep'> {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < FULL_RECORD
    ? { rampStep: Number(value) }
    : {}
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function readFlights(value: unknown): Flights {
  if (typeof value !== 'object' || value === null) return {}
  const lists = value as Record<string, unknown>
  return Object.fromEntries(
    HELLO_CLASSES.flatMap((helloClass) => {
      const list = lists[helloClass]
      const read = Array.isArray(list) ? list.slice(-FLIGHTS_KEPT).map(readRecordedFlight) : []
      const flights = read.filter((flight) => flight !== undefined)
      return flights.length > 0 ? [[helloClass, flights]] : []
    }),
  )
}
