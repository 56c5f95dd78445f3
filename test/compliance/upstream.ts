import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type DialFailure, dialFailure } from '../../src/net/dial.ts'
import type { Endpoint } from '../../src/net/endpoint.ts'
import { Wheel } from '../../src/net/wheel.ts'
import { dialDataCentre } from '../../src/telegram/dial-data-centre.ts'
import { Caller } from '../doubles/caller.ts'
import { type ProxyScript, ScriptedProxy, type Tunnel } from '../doubles/scripted-proxy.ts'
import { socketResources } from '../doubles/socket-resources.ts'
import { contentBytes } from '../world/data-centre/content.ts'
import { freePort } from '../world/free-port.ts'
import { waitFor } from '../world/wait-for.ts'
import type { UpstreamAdapter } from './upstream-adapter.ts'

const BOUND = '127.0.0.9'
const SIZE = 300_000
const TIMEOUT = 5000
const HELLO = Buffer.from('hello')

/** What every way out of this host must do. */
export function upstreamCompliance(adapter: UpstreamAdapter): void {
  describe(`an upstream: ${adapter.name}`, () => {
    const resources = socketResources()
    const { descriptors } = resources
    let proxy: ScriptedProxy | undefined
    afterEach(() => proxy?.stop())

    const start = async (script?: ProxyScript, bind?: string) => {
      proxy = await ScriptedProxy.start(adapter.dialect, script)
      return { proxy, ...to(proxy.port, bind) }
    }
    const to = (port: number, bind?: string) => {
      const upstream = adapter.make({ kind: 'tcp', host: '127.0.0.1', port }, resources, bind)
      const target = (host = '127.0.0.1'): Endpoint => ({
        kind: 'tcp',
        host,
        port: adapter.isStraight ? port : 8443,
      })
      const call = (host?: string, hold?: boolean) =>
        Caller.call((handler, onConnected) => upstream.connect(target(host), handler, onConnected), hold)
      return { upstream, target, call }
    }
    const connected = (caller: Caller) => waitFor('the connection', () => caller.events.includes('connected'))
    const tunnel = () => waitFor('the tunnel', () => proxy?.tunnels[0])

    test.each([...adapter.targets])('connects to %s, and knows whether it can', async (host) => {
      const { call, upstream, target } = await start()
      expect(upstream.reaches(target(host))).toBe(true)
      const { caller, leg } = call(host)
      await connected(caller)
      leg.write(Buffer.from(HELLO))
      const far = await tunnel()
      expect(adapter.isStraight || `${far.host} ${far.port}`).toBe(adapter.isStraight || `${host} 8443`)
      expect(await read(far, HELLO.length)).toEqual(HELLO)
      leg.destroy()
    })

    test.each([...(adapter.cannotReach ?? [])])('knows that it has no form for %s', async (host) => {
      const { upstream, target } = await start()
      expect(upstream.reaches(target(host))).toBe(false)
    })

    test('connects from the address that it is bound to', async () => {
      const { call } = await start({}, BOUND)
      const { caller, leg } = call()
      await connected(caller)
      leg.write(Buffer.from(HELLO))
      expect((await tunnel()).from).toContain(BOUND)
      leg.destroy()
    })

    test.each([1, 2, 7, 1000])('answers in pieces of %d bytes: all bytes come, both ways', async (split) => {
      const size = Math.min(SIZE, 600 * split)
      const { call } = await start({ split })
      const { caller, leg } = call()
      await connected(caller)
      const content = contentBytes(split, 0, size)
      for (let at = 0; at < size; at += 10_000) leg.write(Buffer.from(content.subarray(at, at + 10_000)))
      const far = await tunnel()
      const [up] = await Promise.all([read(far, size), far.send(content)])
      await waitFor('all bytes', () => caller.received.length >= size)
      expect([hash(up), hash(caller.received)]).toEqual([hash(content), hash(content)])
      leg.destroy()
    })

    test('who has said all still hears everything', async () => {
      const { call } = await start()
      const { caller, leg } = call()
      await connected(caller)
      leg.write(Buffer.from(HELLO))
      const far = await tunnel()
      leg.end()
      expect(await read(far, 2 * HELLO.length)).toEqual(HELLO)
      await far.send(Buffer.from('after your end'))
      far.end()
      await waitFor('the close', () => caller.events.at(-1) === 'closed')
      expect(caller.received.toString()).toBe('after your end')
      expect(caller.events).toEqual(['connected', 'end', 'closed'])
    })

    test('who has heard all may still speak', async () => {
      const { call } = await start()
      const { caller, leg } = call()
      await connected(caller)
      leg.write(Buffer.from(HELLO))
      const far = await tunnel()
      await far.send(Buffer.from('the last'))
      far.end()
      await waitFor('the end', () => caller.events.includes('end'))
      leg.write(Buffer.from('after your end'))
      leg.end()
      expect((await read(far, 100)).toString()).toBe('helloafter your end')
      await waitFor('the close', () => caller.events.at(-1) === 'closed')
      expect(caller.received.toString()).toBe('the last')
      expect(caller.events).toEqual(['connected', 'end', 'closed'])
    })

    test.each([1, 1000])(
      'what the target says at once waits for who takes it, in pieces of %d',
      async (split) => {
        const early = randomBytes(500)
        const { call } = await start({ early, ends: true, split })
        const { caller, leg } = call(undefined, true)
        await connected(caller)
        leg.write(Buffer.from(HELLO))
        await tunnel()
        expect(caller.received).toHaveLength(0)
        leg.resume()
        await waitFor('the end', () => caller.events.includes('end'))
        expect(caller.received).toEqual(early)
        leg.destroy()
      },
    )

    test('nobody listens there: refused', async () => {
      const { caller } = to(await freePort()).call()
      await waitFor('the close', () => caller.events.includes('closed'))
      expect(caller.events).toEqual(['lost ECONNREFUSED', 'closed'])
      expect(descriptors.own).toBe(0)
    })

    test('given up while it is dialled it says nothing more, and the socket is free', async () => {
      const { call } = await start({ silent: true })
      const { caller, leg } = call()
      leg.destroy()
      await waitFor('the close', () => caller.events.includes('closed'))
      expect(caller.events).toEqual(['closed'])
      expect(descriptors.own).toBe(0)
    })

    const { refusals: answers, makeStranger } = adapter
    describe.each(answers ? [{ refusals: [...answers] }] : [])('it answers', ({ refusals }) => {
      test.each(refusals)('a proxy that refuses (%#) fails by its code', async (refusal, code) => {
        for (const split of [1, refusal.length]) {
          const { call } = await start({ refusal, split })
          await expectFailure(call().caller, code)
          proxy?.stop()
        }
      })

      test('a proxy that says nothing runs into the dial’s timeout, and the socket is free', async () => {
        const { upstream, target, proxy: silent } = await start({ silent: true })
        const wheel = new Wheel()
        const attempts = [{ upstream, endpoint: target(), patience: 100 }]
        const dialling = dialDataCentre(attempts, TIMEOUT, { wheel, now: () => wheel.now })
        await waitFor('the connection', () => silent.sockets.length > 0)
        wheel.advance(2 * TIMEOUT)
        expect(await dialling).toEqual({ ok: false, failure: 'timeout' })
        await waitFor('its descriptor', () => descriptors.own === 0)
      })

      test('given up while the proxy thinks it says nothing more, and the proxy hears of it', async () => {
        const { call, proxy: silent } = await start({ silent: true })
        const { caller, leg } = call()
        const there = await waitFor('the connection', () => silent.sockets[0])
        leg.destroy()
        await waitFor('its end there', () => there.readableEnded || there.destroyed)
        expect(caller.events).toEqual(['closed'])
        expect(descriptors.own).toBe(0)
      })

      test('a proxy that ends without an answer: reset', async () => {
        const { call } = await start({ instead: Buffer.alloc(0) })
        await expectFailure(call().caller, 'reset')
      })
    })

    test.each([...adapter.garbage])('what is no answer (%#) fails by its code', async (instead, code) => {
      const { call } = await start({ instead })
      const { caller, leg } = call()
      // What has no answer of its own hears only who has spoken.
      await waitFor('news', () => caller.events.length > 0)
      leg.write(Buffer.from(HELLO))
      await expectFailure(caller, code)
      expect(caller.received).toHaveLength(0)
    })

    test.each(makeStranger ? [makeStranger] : [])(
      'a login that the proxy does not know: auth',
      async (make) => {
        const { proxy: strict, target } = await start()
        const upstream = make({ kind: 'tcp', host: '127.0.0.1', port: strict.port }, resources)
        const { caller } = Caller.call((handler, onConnected) =>
          upstream.connect(target(), handler, onConnected),
        )
        await expectFailure(caller, 'auth')
        expect(strict.tunnels).toHaveLength(0)
      },
    )

    async function expectFailure(caller: Caller, code: DialFailure): Promise<void> {
      await waitFor('the close', () => caller.events.includes('closed'))
      const told = caller.events.filter((event) => event !== 'connected' || adapter.refusals)
      expect(told).toHaveLength(2)
      expect(dialFailure(told[0]?.replace('lost ', ''))).toBe(code)
      expect(descriptors.own).toBe(0)
    }
  })
}

async function read(far: Tunnel, n: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < n) {
    const more = await far.next()
    if (more.length === 0) break
    bytes = Buffer.concat([bytes, more])
  }
  return bytes
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
