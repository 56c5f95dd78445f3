import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { type AfterFlightDependencies, afterFlight, readReaction, readSaid } from './after-flight.ts'
import { usualSilence } from './learn.ts'
import {
  ENDURES,
  type Manners,
  MOST_CCS,
  MOST_TAKEN,
  OFFENCES,
  type Offence,
  type Reaction,
} from './manners.ts'
import type { Site } from './site.ts'

/** The steps that the buffers of servers are told apart by, bytes. */
const TAKEN_STEP = 64

const ALERT = 0x15
const CCS = Buffer.from('140303000101', 'hex')

/**
 * Plays every offence to a front, a connection each, after its first flight. Takes some seconds. Undefined where no
 * flight came. Of the silence nothing is known yet: `watchSilence`.
 */
export async function learnManners(
  site: Site,
  dependencies: AfterFlightDependencies,
): Promise<Manners | undefined> {
  const { random, signal } = dependencies
  const reactions: Partial<Record<Offence, Reaction>> = {}
  for (const offence of OFFENCES) {
    if (signal.aborted) return undefined
    const [header, rest] = offending(offence, random)
    const quiet = usualSilence(site)
    const later = rest.length > 0 ? [{ bytes: rest, quiet }] : []
    const fin = offence === 'fin' ? { fin: true } : {}
    const seen = await afterFlight(site, [{ bytes: header, ...fin, quiet }, ...later], dependencies)
    if (!seen) return undefined
    const reaction = readReaction(seen)
    if (reaction) reactions[offence] = reaction
  }
  const ccsTaken = await countCcs(site, dependencies)
  const takes = await measureRead(site, dependencies)
  const toUnknownName = await learnUnknownName(site, dependencies)
  return { reactions, toUnknownName, ccsTaken, takes, silences: [], silence: ENDURES }
}

/** What it says to a name that nobody has (RFC 6761 §6.4). */
async function learnUnknownName(
  site: Site,
  { converse, random, signal }: AfterFlightDependencies,
): Promise<Reaction | undefined> {
  const domain = `${random(6).toString('hex')}.invalid`
  const bytes = writeClientHello({ class: 'tdlib', domain }, random)
  const { heard, end } = await converse(site.endpoint, [{ bytes, quiet: usualSilence(site) }], signal)
  const says = readSaid(heard[0] ?? Buffer.alloc(0))
  if (says?.[0]?.[0] !== ALERT || end === 'refused') return undefined
  return { atHeader: false, says, end }
}

/** The largest number of CCS that brings no reaction, by halving. */
async function countCcs(site: Site, dependencies: AfterFlightDependencies): Promise<number> {
  const quiet = usualSilence(site)
  let [taken, refused] = [0, MOST_CCS + 1]
  while (refused - taken > 1) {
    const count = Math.floor((taken + refused) / 2)
    const seen = await afterFlight(site, [{ bytes: Buffer.alloc(6 * count, CCS), quiet }], dependencies)
    if (!seen) return MOST_CCS
    if (seen.end === 'open' && seen.heard[1]?.length === 0) taken = count
    else refused = count
  }
  return taken
}

/** How many bytes may come together with a record of junk before the front's end is a reset, by halving. */
async function measureRead(site: Site, dependencies: AfterFlightDependencies): Promise<number> {
  const { random } = dependencies
  const quiet = usualSilence(site)
  const [header, payload] = offending('junk', random)
  let [taken, refused] = [header.length + payload.length, MOST_TAKEN]
  while (refused - taken > TAKEN_STEP) {
    const count = Math.floor((taken + refused) / 2)
    const behind = random(count - header.length - payload.length)
    const bytes = Buffer.concat([header, payload, behind])
    const seen = await afterFlight(site, [{ bytes, quiet }], dependencies)
    if (seen?.end === 'fin' || seen?.end === 'open') taken = count
    else refused = count
  }
  return taken
}

/** Header, and what stands behind it. */
function offending(offence: Offence, random: (n: number) => Buffer): readonly [Buffer, Buffer] {
  const hex = (text: string) => Buffer.from(text, 'hex')
  switch (offence) {
    case 'junk':
      return [hex('170303006c'), random(108)]
    case 'short':
      return [hex('1703030009'), random(9)]
    case 'empty':
      return [hex('1703030000'), hex('')]
    case 'too_long':
      return [hex('1703034101'), random(16_641)]
    case 'far_too_long':
      return [hex('170303ffff'), random(300)]
    case 'version':
      return [hex('1703010050'), random(80)]
    case 'handshake':
      return [hex('1603030050'), random(80)]
    case 'alert':
      return [hex('1503030002'), hex('0228')]
    case 'unknown_type':
      return [hex('1803030014'), random(20)]
    case 'noise':
      // As a header it announces 0x202f bytes, which some servers wait for.
      return [Buffer.from('GET /'), Buffer.alloc(0x202f, ' HTTP/1.1\r\n')]
    case 'long_noise':
      return [hex('ffffffffff'), random(300)]
    case 'bad_ccs':
      return [hex('1403030001'), hex('02')]
    case 'many_ccs':
      return [Buffer.alloc(6 * 33 + 5, CCS), hex('01')]
    case 'fin':
      return [hex(''), hex('')]
  }
}
