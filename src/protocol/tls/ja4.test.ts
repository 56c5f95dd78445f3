import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { hex, vectors } from '../../../test/vectors/vectors.ts'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { type HelloOptions, writeClientHello } from './hello-writer.ts'
import { ja4 } from './ja4.ts'

function helloIn(bytes: Buffer): ClientHello {
  const reading = readClientHello(bytes)
  if (reading.state !== 'complete') throw new Error(reading.state)
  return reading.hello
}
const ofClass = (options: HelloOptions) => ja4(helloIn(writeClientHello(options, randomBytes)))

test('TDLib’s hello is that of Chrome 134 to 144, as filters know it, in whatever order its extensions are', () => {
  for (let i = 0; i < 8; i++) {
    expect(ofClass({ class: 'tdlib', domain: 'www.example.org' })).toBe(
      't13d1516h2_8daaf6152771_d8a2da3f94cd',
    )
  }
  expect(ja4(helloIn(hex(vectors.faketls[0]!.client_hello)))).toMatch(/^t13d/)
})

test('the other classes differ, and a hello without a name says so', () => {
  const legacy = ofClass({ class: 'legacy', domain: 'www.example.org' })
  expect(legacy).toMatch(/^t13d15\d\dh2_8daaf6152771_[0-9a-f]{12}$/)
  expect(ofClass({ class: 'legacy', domain: undefined })).toMatch(/^t13i15\d\dh2_8daaf6152771_/)
  expect(ofClass({ class: 'darwin', domain: 'www.example.org' })).not.toContain('8daaf6152771')
})

const PLAIN: ClientHello = {
  ...helloIn(writeClientHello({ class: 'legacy', domain: 'a.example' }, randomBytes)),
  cipherSuites: [0x0a0a],
  extensions: [],
  supportedVersions: [],
  signatureAlgorithms: [],
  alpn: [],
}

test('what is missing is zeros', () => {
  expect(ja4(PLAIN)).toBe('t12i000000_000000000000_000000000000')
  expect(ja4({ ...PLAIN, version: 0x0399 })).toMatch(/^t00/)
})

test.each([
  ['http/1.1', 'h1'],
  ['x', 'xx'],
  ['\xab', 'ab'],
  ['\xab\xcd', 'ad'],
  ['0\xab', '3b'],
])('ALPN %j', (alpn, ends) => {
  expect(ja4({ ...PLAIN, alpn: [alpn] }).slice(8, 10)).toBe(ends)
})

test('more than 99 are 99', () => {
  const many = Array.from({ length: 120 }, (_, at) => 0x1301 + at)
  expect(ja4({ ...PLAIN, cipherSuites: many }).slice(4, 6)).toBe('99')
})
