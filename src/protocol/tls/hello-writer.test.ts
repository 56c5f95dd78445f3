import { createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { type HelloClass, helloClass, writeClientHello } from './hello-writer.ts'
import { mlKem768Share, x25519Share } from './key-share.ts'

const CLASSES: HelloClass[] = ['tdlib', 'darwin', 'legacy']

function read(wire: Uint8Array): ClientHello {
  const reading = readClientHello(wire)
  if (reading.state !== 'complete') throw new Error(JSON.stringify(reading))
  return reading.hello
}

const isGrease = (value: number) => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)

/** Everything about the shape that does not differ between two hellos of one client. */
function shape(wire: Buffer, sorted: boolean) {
  const hello = read(wire)
  const mask = (list: readonly number[]) => list.map((value) => (isGrease(value) ? 'grease' : value))
  const order = mask(hello.extensions)
  const inner = order.slice(1, -1)
  return {
    length: wire.length,
    header: wire.subarray(0, 11).toString('hex'),
    sessionId: hello.sessionId.length,
    cipherSuites: mask(hello.cipherSuites),
    extensions: [order[0], ...(sorted ? inner.map(String).toSorted() : inner.map(String)), order.at(-1)],
    versions: mask(hello.supportedVersions),
    groups: mask(hello.groups),
    keyShares: mask(hello.keyShares),
    alpn: hello.alpn,
    serverName: hello.serverName,
  }
}

describe('writes what the clients write', () => {
  const [real, synthetic, legacy] = vectors.faketls

  it('TDLib', () => {
    const wire = writeClientHello({ class: 'tdlib', domain: 'example.com', ech: 144 }, seededRandom('a'))
    expect(shape(wire, true)).toEqual(shape(hex(synthetic!.client_hello), true))
    const longer = writeClientHello({ class: 'tdlib', domain: 'example.com', ech: 240 }, seededRandom('a'))
    expect(shape(longer, true)).toEqual(shape(hex(real!.client_hello), true))
  })

  it('the 517 bytes of older clients', () => {
    const wire = writeClientHello({ class: 'legacy', domain: 'example.com' }, seededRandom('b'))
    expect(shape(wire, false)).toEqual(shape(hex(legacy!.client_hello), false))
  })

  it('the 517 bytes one by one, from the same draws', () => {
    const draws: Record<number, Buffer> = { 7: hex('ba0a8a1a3a0aaa'), 32: hex(legacy!.session_id) }
    const clientRandom = hex(legacy!.client_random)
    const wire = writeClientHello({ class: 'legacy', domain: 'example.com', clientRandom }, (n) => draws[n]!)
    const recorded = hex(legacy!.client_hello)
    const shareAt = recorded.indexOf(hex('001d0020')) + 4
    recorded.copy(wire, shareAt, shareAt, shareAt + 32)
    expect(wire.toString('hex')).toBe(legacy!.client_hello)
  })

  it('Darwin: its ciphers, its fixed order, one of two ALPN lists', () => {
    const order = [
      0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0010, 0x0005, 0x000d, 0x0012, 0x0033, 0x002d, 0x002b, 0x001b,
    ]
    const seen = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const hello = read(writeClientHello({ class: 'darwin', domain: 'example.com' }, seededRandom(`${i}`)))
      expect(hello.extensions.slice(1, -1)).toEqual(order)
      expect(hello.groups.slice(1)).toEqual([0x11ec, 0x001d, 0x0017, 0x0018, 0x0019])
      expect(hello.cipherSuites[1]).toBe(0x1302)
      seen.add(`${hello.cipherSuites.length} ${hello.alpn}`)
    }
    expect([...seen].sort()).toEqual(['14 h2,http/1.1', '14 http/1.1', '21 h2,http/1.1', '21 http/1.1'])
  })
})

describe('TDLib hellos', () => {
  it.each([144, 176, 208, 240] as const)('are 1710 + domain + (ech − 144) bytes: ech %d', (ech) => {
    for (const domain of ['t.me', 'a'.repeat(182)]) {
      const wire = writeClientHello({ class: 'tdlib', domain, ech }, seededRandom('c'))
      expect(wire.length).toBe(1_710 + domain.length + (ech - 144))
    }
  })

  it('draw the ECH size, the order of extensions and all keys anew', () => {
    const wires = Array.from({ length: 60 }, (_, i) =>
      writeClientHello({ class: 'tdlib', domain: 'example.com' }, seededRandom(`draw ${i}`)),
    )
    expect(new Set(wires.map((w) => w.length)).size).toBe(4)
    expect(new Set(wires.map((w) => read(w).extensions.slice(1, -1).join())).size).toBe(60)
    const shares = wires.map((w) =>
      w
        .subarray(w.indexOf(hex('11ec04c0')) + 4)
        .subarray(0, 1_216)
        .toString('hex'),
    )
    expect(new Set(shares).size).toBe(60)
  })
})

describe.each(CLASSES)('a hello of class %s', (name) => {
  it('is read back, GREASE and all, for any draw', () => {
    const names = fc.option(
      fc.domain().filter((d) => d.length <= 182),
      { nil: undefined },
    )
    fc.assert(
      fc.property(names, fc.string(), (domain, seed) => {
        const wire = writeClientHello({ class: name, domain }, seededRandom(seed))
        const hello = read(wire)
        expect(hello.wireLength).toBe(wire.length)
        expect(hello.serverName).toBe(domain)
        expect(helloClass(hello)).toBe(name)
        expect(isGrease(hello.extensions[0]!)).toBe(true)
        expect(new Set(hello.extensions).size).toBe(hello.extensions.length)
      }),
      { numRuns: 30 },
    )
  })

  it('carries the client random that it is given', () => {
    const clientRandom = Buffer.alloc(32, 0xab)
    const wire = writeClientHello({ class: name, domain: 'a.example', clientRandom }, seededRandom('d'))
    expect(read(wire).random).toEqual(clientRandom)
  })
})

it.each(vectors.faketls)('knows the class of $id', (v) => {
  expect(helloClass(read(hex(v.client_hello)))).toBe(v.id.startsWith('legacy') ? 'legacy' : 'tdlib')
})

describe('key shares', () => {
  it('ML-KEM: every coefficient is below the prime, and all of the range is used', () => {
    const share = mlKem768Share(seededRandom('kem'))
    expect(share).toHaveLength(1_184)
    const coefficients = Array.from({ length: 384 }, (_, i) => share.readUIntLE(3 * i, 3)).flatMap((word) => [
      word & 0xfff,
      word >> 12,
    ])
    expect(Math.max(...coefficients)).toBeLessThan(3_329)
    expect(Math.max(...coefficients)).toBeGreaterThan(3_200)
    expect(Math.min(...coefficients)).toBeLessThan(129)
    expect(share.subarray(1_152).every((byte) => byte === 0)).toBe(false)
  })

  it('ML-KEM: node accepts it as a key', () => {
    const spki = Buffer.concat([
      hex('308204b2300b06096086480165030404020382 04a100'),
      mlKem768Share(seededRandom('kem')),
    ])
    expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).asymmetricKeyType).toBe('ml-kem-768')
  })

  it('X25519: on the curve, and the top bit clear', () => {
    const p = 2n ** 255n - 19n
    const power = (base: bigint, exponent: bigint): bigint => {
      let result = 1n
      for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p)
        if (e & 1n) result = (result * b) % p
      return result
    }
    for (let i = 0; i < 16; i++) {
      const share = x25519Share(seededRandom(`x${i}`))
      expect(share).toHaveLength(32)
      const x = BigInt(`0x${Buffer.from(share).reverse().toString('hex')}`)
      expect(x).toBeLessThan(p)
      expect(power((x ** 3n + 486_662n * x ** 2n + x) % p, (p - 1n) / 2n)).toBe(1n)
    }
  })
})
