/**
 * What many users cost: start, memory, reload, adding one. `node bench/many-users.ts [USERS]`
 * Each figure is the best of some rounds, because this machine may have other work.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, replaceFile } from '../test/reload/reload-control.ts'
import { NODE, ROOT } from '../test/world/node.ts'
import { type Portico, startPortico } from '../test/world/portico.ts'
import { temporaryFolder } from '../test/world/temporary-folder.ts'

const USERS = Number(process.argv[2] ?? 10_000)
const ROUNDS = 5
/** The first of them brings the build up to date. */
const STARTS = 3
const MAIN = join(ROOT, 'build', 'cli', 'main.js')
const TOP = 'public_host = "127.0.0.1"\n[front]\ndomain = "www.example.org"\naddress = "built-in"\n'

const secretOf = (n: number) => createHash('md5').update(`user ${n}`).digest('hex')

function users(count: number): string {
  return Array.from({ length: count }, (_, n) => userTable(n)).join('')
}

/** As plans and panels write them: some keys each, a comment now and then. */
function userTable(n: number): string {
  const note = n % 100 === 0 ? `# the ${n / 100}th hundred\n` : ''
  return `${note}[users.user-${n}]\nsecret = "${secretOf(n)}"\nsessions = 40\nquota = { bytes = "100 GiB" }\ntags = ["t${n % 7}"]\n\n`
}

interface Files {
  /** The configuration, for one port. */
  main(port: number): string
  /** Where users stand. */
  usersIn(portico: Portico): string
}

function layout(name: 'one file' | 'users_file', count: number): Files {
  if (name === 'one file')
    return {
      main: (port) => `listen = "127.0.0.1:${port}"\n${TOP}\n${users(count)}`,
      usersIn: (portico) => portico.file,
    }
  const beside = join(temporaryFolder('many-users'), 'users.toml')
  writeFileSync(beside, users(count), { mode: 0o600 })
  return {
    main: (port) => `listen = "127.0.0.1:${port}"\nusers_file = "${beside}"\n${TOP}`,
    usersIn: () => beside,
  }
}

async function best(work: (round: number) => Promise<void> | void): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    await work(round)
    least = Math.min(least, performance.now() - began)
  }
  return Math.round(least)
}

function command(portico: Portico, ...words: string[]): void {
  const env = { PATH: process.env.PATH ?? '' }
  execFileSync(NODE, [MAIN, ...words, '--config', portico.file], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function measure(name: 'one file' | 'users_file', count: number): Promise<Record<string, unknown>> {
  let start = Number.POSITIVE_INFINITY
  let portico: Portico | undefined
  for (let run = 0; run < STARTS; run++) {
    await portico?.kill9()
    const files = layout(name, count)
    const began = performance.now()
    portico = await startPortico({ config: files.main, built: true })
    if (run > 0) start = Math.min(start, performance.now() - began)
    if (run < STARTS - 1) continue
    const running = portico
    const place = files.usersIn(running)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const rss = Math.round(running.rss() / 2 ** 20)
    const idle = await best(async () => void (await ask(running, 'reload')))
    const reload = await best(async (round) => {
      replaceFile(place, readFileSync(place, 'utf8').replace(/sessions = \d+/, `sessions = ${41 + round}`))
      await ask(running, 'reload')
    })
    const before = readFileSync(place, 'utf8')
    const add = await best((round) => command(running, 'user', 'add', `new-${round}`))
    const grown = readFileSync(place, 'utf8')
    const list = await best(() => command(running, 'user', 'list'))
    const after = Math.round(running.rss() / 2 ** 20)
    const check = await best(() => command(running, 'status'))
    await running.stop()
    return {
      layout: name,
      users: count,
      'start, ms': Math.round(start),
      'memory, MiB': rss,
      'memory after, MiB': after,
      'reload of nothing, ms': idle,
      'reload of one user, ms': reload,
      'user add, ms': add,
      'user list, ms': list,
      'status (a bare command), ms': check,
      'others unchanged': grown.startsWith(before.trimEnd()),
    }
  }
  throw new Error('never')
}

const rows: Record<string, unknown>[] = []
for (const count of [10, USERS])
  for (const name of ['one file', 'users_file'] as const) rows.push(await measure(name, count))
console.table(rows)
