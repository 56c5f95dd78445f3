import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from './catalogue.ts'
import { allocateCounters, Counters } from './counters.ts'
import { openExposition } from './prometheus.ts'

const BUILD = { version: '1.2.3', node: '26.10.0' }

interface Family {
  readonly type: string
  readonly samples: Map<string, number>
}

/** A strict reader of the text format: HELP, TYPE, then samples of that family only, no line twice. */
function parse(body: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let name = ''
  let helped = ''
  for (const line of body.split('\n')) {
    if (line === '') continue
    const help = /^# HELP (\S+) \S/.exec(line)
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line)
    if (help) helped = help[1] as string
    else if (type) {
      name = type[1] as string
      if (helped !== name || families.has(name)) throw new Error(`misplaced: ${line}`)
      families.set(name, { type: type[2] as string, samples: new Map() })
    } else {
      const sample = /^([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (\S+)$/.exec(line)
      if (!sample) throw new Error(`unreadable: ${line}`)
      const base = (sample[1] as string).replace(/_(bucket|sum|count)$/, '')
      if (sample[1] !== name && base !== name) throw new Error(`outside of its family: ${line}`)
      const key = `${sample[1]}${sample[2] ?? ''}`
      if (families.get(name)?.samples.has(key)) throw new Error(`twice: ${line}`)
      families.get(name)?.samples.set(key, Number(sample[3]))
    }
  }
  return families
}

function busyCounters() {
  const shared = allocateCounters(3)
  const one = new Counters(shared, 1)
  const two = new Counters(shared, 2)
  one.handshakes.add(2, 'ok')
  two.handshakes.add(3, 'ok')
  two.sessions.add(1, 'tls', 'ipv4')
  for (const seconds of [0.0004, 0.002, 0.002, 45]) one.frontDialSeconds.observe(seconds)
  two.telegramDialSeconds.observe(0.03, '203')
  two.eventLoopDelaySeconds.publish([0.001, 0.01, 0.02], 1.5, 100)
  return { shared, one }
}

describe('exposition', () => {
  test('holds every metric of the catalogue, the build and the process', async () => {
    const { contentType, body } = await openExposition(busyCounters().shared, BUILD)()
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    const families = parse(body)
    for (const { name, type } of Object.values(CATALOGUE)) {
      expect(families.get(`portico_${name}`)?.type, name).toBe(type)
    }
    expect(families.get('portico_build_info')?.samples).toEqual(
      new Map([['portico_build_info{version="1.2.3",node="26.10.0"}', 1]]),
    )
    const memory = families.get('process_resident_memory_bytes')?.samples.get('process_resident_memory_bytes')
    expect(memory).toBeGreaterThan(1e6)
    expect(families.has('process_cpu_seconds_total')).toBe(true)
    expect([...families.keys()].filter((name) => !/^(portico|process)_/.test(name))).toEqual([])
  })

  test('sums the rows at the moment of the scrape', async () => {
    const { shared, one } = busyCounters()
    const expose = openExposition(shared, BUILD)
    const ok = async () =>
      parse((await expose()).body)
        .get('portico_handshakes_total')
        ?.samples.get('portico_handshakes_total{result="ok"}')
    expect(await ok()).toBe(5)
    one.handshakes.add(1, 'ok')
    expect(await ok()).toBe(6)
  })

  test('histograms are cumulative and end with everything', async () => {
    const families = parse((await openExposition(busyCounters().shared, BUILD)()).body)
    const dial = families.get('portico_front_dial_seconds')?.samples ?? new Map<string, number>()
    const bucket = (le: string) => dial.get(`portico_front_dial_seconds_bucket{le="${le}"}`)
    expect(['0.0005', '0.001', '0.0025', '30', '+Inf'].map(bucket)).toEqual([1, 1, 3, 3, 4])
    expect(dial.get('portico_front_dial_seconds_count')).toBe(4)
    expect(dial.get('portico_front_dial_seconds_sum')).toBeCloseTo(45.0044)
    const telegram = [...(families.get('portico_telegram_dial_seconds')?.samples.keys() ?? [])]
    expect(telegram.length).toBe(18)
    expect(telegram.every((key) => key.includes('dc="203"'))).toBe(true)
  })

  test('the delay of the loop is shown per worker', async () => {
    const families = parse((await openExposition(busyCounters().shared, BUILD)()).body)
    const delay = families.get('portico_event_loop_delay_seconds')?.samples
    expect(delay?.get('portico_event_loop_delay_seconds{worker="2",quantile="0.99"}')).toBe(0.01)
    expect(delay?.get('portico_event_loop_delay_seconds_count{worker="2"}')).toBe(100)
    expect(delay?.get('portico_event_loop_delay_seconds_count{worker="1"}')).toBe(0)
  })

  test('two scrapes at once are both whole', async () => {
    const expose = openExposition(busyCounters().shared, BUILD)
    const [first, second] = await Promise.all([expose(), expose()])
    expect([...parse(first.body).keys()]).toEqual([...parse(second.body).keys()])
  })

  // Debian's package prometheus has it; where it is missing, the strict reader above stands alone.
  test('promtool, where there is one, has nothing to object', async () => {
    const { body } = await openExposition(busyCounters().shared, BUILD)()
    const run = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })
    const missing = run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT'
    const verdict = missing ? { status: 0, said: '' } : { status: run.status, said: run.stdout + run.stderr }
    expect(verdict).toEqual({ status: 0, said: '' })
  })
})
