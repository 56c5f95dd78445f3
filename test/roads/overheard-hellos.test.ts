// needs: openssl

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from 'vitest'
import { httpsGet } from '../world/clients/https-get.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'
import { startOverheardRelay } from './overheard-relay.ts'

const DOMAIN = 'www.example.org'
/** Milliseconds by which an answer comes after what was sent again. */
const HOLDS = 200
let front: Front

beforeAll(async () => {
  front = await startNodeHttps({ domain: DOMAIN })
})

afterAll(async () => {
  await front?.stop()
})

const status = async ({ host, port }: Portico) =>
  (await httpsGet({ host, port, domain: DOMAIN, root: front.chain.root }, '/')).status

const errors = ({ log }: Portico) => log.filter(({ level }) => level === 'error')

const learned = (portico: Portico) =>
  waitFor('the front to be known', () => portico.log.some(({ code }) => code === 'front_many_records'))

/** False: portico was not there, or not any more. */
async function sendAgain(hello: Buffer, port: number): Promise<boolean> {
  try {
    const socket = await RawSocket.connect({ host: '127.0.0.1', port })
    await socket.send(hello)
    await sleep(2 * HOLDS)
    socket.close()
    return true
  } catch {
    return false
  }
}

test.concurrent('portico’s own hellos, sent to it again later, are answered as anybody’s', async ({
  expect,
}) => {
  const heard: Buffer[] = []
  const relay = await startOverheardRelay(front.endpoint, {
    holds: 0,
    overhears: (hello) => {
      heard.push(hello)
      return false
    },
  })
  const portico = await startPortico({ config: { domain: DOMAIN, front: relay } })
  try {
    await learned(portico)
    const own = heard.slice()
    expect(own.length).toBeGreaterThan(0)
    for (const hello of own) {
      const again = await RawSocket.connect(portico)
      await again.send(hello)
      expect((await again.read(3)).toString('hex')).toBe('160303')
      again.close()
    }
    expect(await status(portico)).toBe(200)
    expect(errors(portico)).toEqual([])
  } finally {
    await portico.stop()
    relay.stop()
  }
})

test.concurrent.for([
  { what: 'while the front answers', cuts: 0 },
  { what: 'in place of the first answer', cuts: 1 },
])('what is sent again during the check, $what, closes no door', async ({ cuts }, { expect }) => {
  const heard = new Set<string>()
  let again = 0
  let porticoPort: number | undefined
  let left = cuts
  const relay = await startOverheardRelay(front.endpoint, {
    holds: HOLDS,
    overhears: (hello) => {
      const random = hello.subarray(11, 43).toString('hex')
      if (porticoPort === undefined || heard.has(random)) return false
      heard.add(random)
      void sendAgain(hello, porticoPort).then((sent) => {
        if (sent) again++
      })
      return left-- > 0
    },
  })
  const portico = await startPortico({
    config: (port) => {
      porticoPort = port
      return `
listen = "127.0.0.1:${port}"
[front]
domain = "${DOMAIN}"
address = "127.0.0.1:${relay.port}"
[users.alice]
secret = "8f0c4a1be27d5936a0c4f1e2d3b4a596"
`
    },
  })
  try {
    // Throughout the check, and after it.
    expect(await status(portico)).toBe(200)
    await learned(portico)
    expect(await status(portico)).toBe(200)
    expect(again).toBeGreaterThan(0)
    expect(errors(portico)).toEqual([])
  } finally {
    await portico.stop()
    relay.stop()
  }
})
