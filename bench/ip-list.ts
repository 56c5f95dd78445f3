// What a look-up costs, and the memory: node bench/ip-list.ts [NETWORKS]
import { IpLists } from '../src/access/ip-list/ip-lists.ts'
import { IpNumber } from '../src/access/ip-list/ip-number.ts'
import { IpRangeSet } from '../src/access/ip-list/ip-range-set.ts'
import { parseIpList } from '../src/access/ip-list/parse-ip-list.ts'

const NETWORKS = Number(process.argv[2] ?? 100_000)
/** Few enough that the addresses themselves are at hand, as those of new connections are. */
const ASKED = 2048
/** Each shorter than a time slice. */
const ROUNDS = 1000
const CACHE_LINE = 64
const COLD_BYTES = 64 << 20
const COLD_ROUNDS = 60
const COLD_ASKED = 32

const word = () => Math.floor(Math.random() * 2 ** 32)
const ipv4 = () => {
  const value = word()
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}
const group = () => (word() & 0xffff).toString(16)
const ipv6 = () => `2${group().padStart(4, '0').slice(1)}:${group()}:${group()}:${group()}::${group()}`

/** The best of many short rounds: this machine may have other work. */
function nanoseconds(work: (i: number) => unknown): number {
  let best = Number.POSITIVE_INFINITY
  let kept = 0
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint()
    for (let i = 0; i < ASKED; i++) if (work(i)) kept++
    best = Math.min(best, Number(process.hrtime.bigint() - began) / ASKED)
  }
  if (kept < 0) throw new Error('never')
  return Math.round(best)
}

/** The middle of many looks after the caches were filled with other things, as between two connections. */
function coldNanoseconds(work: (i: number) => unknown): number {
  const others = new Uint8Array(COLD_BYTES)
  const times: number[] = []
  for (let round = 0; round < COLD_ROUNDS; round++) {
    for (let at = 0; at < others.length; at += CACHE_LINE) others[at] = round
    const began = process.hrtime.bigint()
    for (let i = 0; i < COLD_ASKED; i++) work(round * COLD_ASKED + i)
    times.push(Number(process.hrtime.bigint() - began) / COLD_ASKED)
  }
  return Math.round(times.toSorted((a, b) => a - b)[times.length >> 1]!)
}

function measure(name: string, address: () => string, network: () => string): void {
  const text = Array.from({ length: NETWORKS }, network).join('\n')
  const began = performance.now()
  const reading = parseIpList(text)
  if (!reading.ok) throw new Error(reading.code)
  const parsed = performance.now()
  const shared = IpRangeSet.share(reading.list.ranges)
  const built = performance.now()
  const set = new IpRangeSet(shared)
  const lists = new IpLists([{ rule: 'block', ranges: shared }])
  const texts = Array.from({ length: ASKED }, address)
  const numbers = texts.map((each) => {
    const ip = new IpNumber()
    ip.read(each)
    return ip
  })
  const fromText = nanoseconds((i) => lists.refusing(texts[i]!) !== undefined)
  const number = nanoseconds((i) => set.has(numbers[i]!))
  const cold = coldNanoseconds((i) => lists.refusing(texts[i]!) !== undefined)
  console.log(
    `${name}: ${NETWORKS} networks, ${set.size} ranges, ${shared.byteLength} bytes; ` +
      `parse ${(parsed - began).toFixed(0)} ms, build ${(built - parsed).toFixed(0)} ms; ` +
      `look-up ${fromText} ns from text, ${number} ns from the number, ${cold} ns from text in cold caches`,
  )
}

measure('IPv4', ipv4, () => `${ipv4()}/${24 + (word() % 9)}`)
measure('IPv6', ipv6, () => `${ipv6()}/${48 + (word() % 17)}`)
measure(
  'both',
  () => (word() % 2 ? ipv4() : ipv6()),
  () => (word() % 2 ? `${ipv4()}/${24 + (word() % 9)}` : `${ipv6()}/${48 + (word() % 17)}`),
)
