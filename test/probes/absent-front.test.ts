import { randomBytes } from 'node:crypto'
import { test } from 'vitest'
import { httpsGet } from '../world/clients/https-get.ts'
import { freePort } from '../world/free-port.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { FRONT_PAGE } from '../world/fronts/site-folder.ts'
import { startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { isSealed } from './genuine.ts'
import { DOMAIN, genuineHello, strangeHello } from './hellos.ts'
import { play, type Script } from './matrix.ts'

const PATIENCE = 3000

test.concurrent('before a front that is down every connection ends as a refused one', async ({ expect }) => {
  const front = { host: '127.0.0.1', port: await freePort() }
  const portico = await startPortico({ config: { domain: DOMAIN, front }, built: true })
  const scripts: Record<string, Script> = {
    silence: () => {},
    hello: (client) => client.send(strangeHello()),
    'genuine hello': (client) => client.send(genuineHello(Buffer.from(ALICE, 'hex'))),
    'half a hello': (client) => client.send(strangeHello().subarray(0, 700)),
    garbage: (client) => client.send(randomBytes(64)),
    FIN: (client) => client.fin(),
    'a megabyte': (client) => client.send(randomBytes(1 << 20)),
  }
  for (const [name, script] of Object.entries(scripts)) {
    const { bytes, end, at } = await play(script, portico, PATIENCE)
    expect({ name, bytes: bytes.length, end: end.replace('refused', 'reset') }).toEqual({
      name,
      bytes: 0,
      end: 'reset',
    })
    expect(at, name).toBeLessThan(1000)
  }
  await portico.kill9()
})

test.concurrent('a front that comes back is met again by all', async ({ expect }) => {
  const nginx = await startNginx({ domain: DOMAIN, timers: { header: 2 } })
  const portico = await startPortico({ config: { domain: DOMAIN, front: nginx.endpoint }, built: true })
  const secret = Buffer.from(ALICE, 'hex')
  const visit = () =>
    httpsGet({ host: portico.host, port: portico.port, domain: DOMAIN, root: nginx.chain.root }, '/')
  const user = async () => {
    const hello = genuineHello(secret)
    const { bytes } = await play(
      async (client) => {
        client.send(hello)
        await client.quiet()
        client.reset()
      },
      portico,
      PATIENCE,
    )
    return isSealed(bytes, secret, hello)
  }
  expect((await visit()).text).toBe(FRONT_PAGE)
  expect(await user()).toBe(true)

  // Whoever is connected while it restarts is ended by it.
  const waiting = play((client) => client.send(strangeHello().subarray(0, 600)), portico, 20_000)
  await nginx.restart()
  expect((await waiting).end).not.toBe('open')

  expect((await visit()).text).toBe(FRONT_PAGE)
  expect(await user()).toBe(true)
  await portico.kill9()
  await nginx.stop()
})
