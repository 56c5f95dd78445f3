import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openMtcute, type Route } from '../world/clients/mtcute.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { freePort } from '../world/free-port.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { NODE, ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { startProcess } from '../world/process.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'

const PROGRAM = ['--disable-sigusr1', join(ROOT, 'src', 'cli', 'main.ts')]
const ENV = { PATH: process.env.PATH ?? '', PORTICO_PROCESS_WORKERS: '1' }
const HOST = '127.0.0.1'
const DOMAIN = 'www.example.org'
const BOB = ALICE.replace('8', '9')
const NAME = Buffer.from(DOMAIN).toString('hex')

let dataCentre: FakeDataCentre
let site: Front
let portico: Portico | undefined
beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
  site = await startNodeHttps({ domain: DOMAIN })
})
afterEach(async () => {
  await portico?.kill9()
  portico = undefined
})
afterAll(async () => {
  await site?.stop()
  await dataCentre?.stop()
})

/** None of these proxies can be told another data centre; their operator's own hand adds it here. */
const centres = () => `\n[telegram.data_centres]\n2 = ["${HOST}:${dataCentre.port}"]\n`

const OLD = {
  mtg: (port: number) => ({
    text: `secret = "ee${ALICE}${NAME}"\nbind-to = "${HOST}:${port}"\npublic-ipv4 = "${HOST}"
[domain-fronting]\nip = "${HOST}"\nport = ${site.endpoint.port}\n[network]\nproxies = []\n`,
    secrets: [`ee${ALICE}${NAME}`],
  }),
  telemt: (port: number) => ({
    text: `[general]\nuse_middle_proxy = false\n[general.modes]\nclassic = true\nsecure = true
[general.links]\npublic_host = "${HOST}"\n[server]\nport = ${port}\nlisten_addr_ipv4 = "${HOST}"
[censorship]\ntls_domain = "${DOMAIN}"\nmask_host = "${HOST}"\nmask_port = ${site.endpoint.port}
[dc_overrides]\n2 = "${HOST}:${dataCentre.port}"\n[access.users]\nalice = "${ALICE}"\n"bob b" = "${BOB}"\n`,
    secrets: [ALICE, BOB].flatMap((key) => [`ee${key}${NAME}`, `dd${key}`, key]),
  }),
  mtprotoproxy: (port: number) => ({
    text: `PORT = ${port}\nUSERS = {"alice": "${ALICE}"}\nLISTEN_ADDR_IPV4 = "${HOST}"\nMY_DOMAIN = "${HOST}"
MODES = {"classic": False, "secure": True, "tls": True}\nTLS_DOMAIN = "${DOMAIN}"
MASK_HOST = "${HOST}"\nMASK_PORT = ${site.endpoint.port}\n`,
    secrets: [`ee${ALICE}${NAME}`, `dd${ALICE}`],
  }),
}

interface Told {
  readonly kind: string
  readonly links: readonly { readonly tg: string }[]
}

test.each(['mtg', 'telemt', 'mtprotoproxy'] as const)(
  '%s: the old links are printed, and connect',
  async (kind) => {
    const folder = temporaryFolder('import')
    const [old, out] = [join(folder, 'old'), join(folder, 'new.toml')]
    let told: Told | undefined
    let secrets: string[] = []
    portico = await startPortico({
      workers: 1,
      config: (port) => {
        const { text, secrets: all } = OLD[kind](port)
        secrets = all
        writeFileSync(old, text)
        const args = [...PROGRAM, 'import', kind, old, '--config', out, '--json']
        told = JSON.parse(execFileSync(NODE, args, { env: ENV, encoding: 'utf8', stdio: 'pipe' })) as Told
        expect(readFileSync(old, 'utf8')).toBe(text)
        expect(statSync(out).mode & 0o777).toBe(0o600)
        const file = readFileSync(out, 'utf8')
        return file.includes('[telegram.data_centres]') ? file : file + centres()
      },
    })
    const { port } = portico
    expect(told).toMatchObject({ kind })
    const links = secrets.map((secret) => `tg://proxy?server=${HOST}&port=${port}&secret=${secret}`)
    expect(told?.links.map(({ tg }) => tg)).toEqual(links)
    for (const secret of secrets) await connects({ kind: 'proxy', host: HOST, port, secret })
  },
)

async function connects(route: Route): Promise<void> {
  const client = openMtcute({ route, rsaKey: dataCentre.rsaKey })
  try {
    await client.config()
  } finally {
    await client.close()
  }
}

test('--try serves beside the old proxy, and leaves nothing behind', async () => {
  const folder = temporaryFolder('try')
  const old = join(folder, 'telemt.toml')
  const holder = createServer()
  await new Promise<void>((resolve) => {
    holder.listen(0, HOST, resolve)
  })
  const { port: taken } = holder.address() as { port: number }
  writeFileSync(old, OLD.telemt(taken).text)
  const trials = () => readdirSync(tmpdir()).filter((name) => name.startsWith('portico-try-'))
  const before = trials()
  const port = await freePort(HOST)
  const words = ['import', old, '--try', '--listen', `${HOST}:${port}`]
  const trial = await startProcess(NODE, [...PROGRAM, ...words], { cwd: folder, env: ENV })
  try {
    await waitFor(
      () => `the trial: ${trial.output()}`,
      () => trial.output().includes('Serving '),
      60_000,
    )
    expect(trial.output()).toContain(`tg://proxy?server=${HOST}&port=${port}&secret=ee${ALICE}${NAME}`)
    await connects({ kind: 'proxy', host: HOST, port, secret: `dd${ALICE}` })
  } finally {
    expect(await trial.stop('SIGTERM')).toBe(0)
    holder.close()
  }
  expect(readdirSync(folder)).toEqual(['telemt.toml'])
  expect(trials()).toEqual(before)
})

test('what cannot be imported writes nothing, and says why', () => {
  const folder = temporaryFolder('refused')
  const out = join(folder, 'new.toml')
  const run = (...words: string[]) => {
    const args = [...PROGRAM, 'import', ...words, '--config', out]
    const { status, stderr } = spawnSync(NODE, args, { env: ENV, encoding: 'utf8', cwd: folder })
    return { status, stderr }
  }
  writeFileSync(join(folder, 'bad.toml'), '[access.users]\nalice = "short"\n')
  expect(run('bad.toml')).toMatchObject({ status: 78, stderr: expect.stringContaining('access.users.alice') })
  expect(run('nothing.toml')).toMatchObject({ status: 69, stderr: expect.stringContaining('ENOENT') })
  expect(existsSync(out)).toBe(false)
  expect(run(`ee${ALICE}${NAME}`)).toMatchObject({ status: 0 })
  expect(run(`ee${BOB}${NAME}`)).toMatchObject({ status: 64, stderr: expect.stringContaining('--force') })
  expect(readFileSync(out, 'utf8')).toContain(ALICE)
  expect(run(`ee${BOB}${NAME}`, '--force')).toMatchObject({ status: 0 })
  expect(readFileSync(out, 'utf8')).toContain(BOB)
})
