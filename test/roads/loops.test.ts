// needs: haproxy

import { afterEach, expect, test } from 'vitest'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'
import { seededRandom } from '../vectors/vectors.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { freePort } from '../world/free-port.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { startHaproxy } from './haproxy.ts'
import type { ListeningProcess } from './listening-process.ts'

const DOMAIN = 'www.example.org'
let portico: Portico | undefined
let balancers: ListeningProcess[] = []

afterEach(async () => {
  await portico?.kill9()
  for (const balancer of balancers) await balancer.stop('SIGKILL')
  balancers = []
})

test.each([1, 2, 3])(
  'a front that leads back to portico over %i hops ends at once, and the log says so',
  async (hops) => {
    const proxied = { host: '127.0.0.1', port: await freePort() }
    let next: { host: string; port: number } = proxied
    for (let hop = 0; hop < hops; hop++) {
      // The last hop tells the address; those before it pass on what they get.
      const balancer = await startHaproxy(next, hop === 0 ? 'send-proxy' : '')
      balancers.push(balancer)
      next = { host: '127.0.0.1', port: balancer.port }
    }
    portico = await startPortico({
      config: (port) => `
      [[listener]]
      address = "127.0.0.1:${port}"
      [[listener]]
      address = "127.0.0.1:${proxied.port}"
      proxy_protocol = { from = ["127.0.0.0/8"] }
      [front]
      domain = "${DOMAIN}"
      address = "127.0.0.1:${next.port}"
      [users.alice]
      secret = "${ALICE}"
    `,
    })
    const running = portico
    await waitFor('the loop to be seen', () =>
      running.log.some(({ level, event }) => level === 'error' && event.includes('leads back to portico')),
    )
    const visitor = await RawSocket.connect(running)
    await visitor.send(writeClientHello({ class: 'tdlib', domain: DOMAIN }, seededRandom('visitor')))
    expect((await visitor.readToEnd()).ending).toBe('reset')
  },
)
