import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_PROXY_CONFIG, readProxyConfig, writeProxyConfig } from './proxy-config.ts'

const TEXT = `# force_probability 10 10
default 2;
proxy_for 1 149.154.175.50:8888;
proxy_for -1 149.154.175.50:8888;
proxy_for 2 149.154.161.144:8888; # two on one line
proxy_for 2 149.154.162.38:80; proxy_for 203 91.105.192.110:443;
timeout 5000;
min_connections 4;
`

describe('readProxyConfig', () => {
  test('the text as Telegram writes it', () => {
    const reading = readProxyConfig(TEXT)
    if (!reading.ok) throw new Error(reading.code)
    expect(reading.config.defaultDc).toBe(2)
    expect(Object.fromEntries(reading.config.proxies)).toEqual({
      1: [{ host: '149.154.175.50', port: 8888 }],
      '-1': [{ host: '149.154.175.50', port: 8888 }],
      2: [
        { host: '149.154.161.144', port: 8888 },
        { host: '149.154.162.38', port: 80 },
      ],
      203: [{ host: '91.105.192.110', port: 443 }],
    })
  })

  test.each([
    ['in brackets', 'proxy_for 4 [2001:67c:4e8:f004::d]:8888;'],
    ['bare, as some lists have it', 'proxy_for 4 2001:67c:4e8:f004::d:8888;'],
    ['between tabs', '\tproxy_for\t4\t[2001:67c:4e8:f004::d]:8888\t;\n'],
  ])('IPv6 %s', (_name, text) => {
    const reading = readProxyConfig(text)
    expect(reading.ok && reading.config.proxies.get(4)).toEqual([
      { host: '2001:67c:4e8:f004::d', port: 8888 },
    ])
  })

  test.each([
    ['a page of a captive portal', '<html><body>Sign in</body></html>', 'bad_statement'],
    ['half a text', 'proxy_for 1 149.154.175.50:8888;\nproxy_for 2 149.1', 'bad_statement'],
    ['a name', 'proxy_for 1 proxy.example.org:8888;', 'bad_statement'],
    ['a port beyond all', 'proxy_for 1 149.154.175.50:65536;', 'bad_statement'],
    ['a data centre beyond all', 'proxy_for 40000 149.154.175.50:80;', 'bad_statement'],
    ['nothing', '', 'empty'],
    ['comments alone', '# nothing\n', 'empty'],
    ['a default alone', 'default 2;', 'empty'],
    ['too much', ' '.repeat(MAX_PROXY_CONFIG + 1), 'too_long'],
    ['too many', 'proxy_for 1 1.2.3.4:5;\n'.repeat(5000), 'too_many'],
  ])('%s is refused', (_name, text, code) => {
    expect(readProxyConfig(text)).toMatchObject({ ok: false, code })
  })

  test('any list is read as it was written', () => {
    const address = fc.record({
      host: fc.oneof(
        fc.ipV4(),
        fc.ipV6().filter((text) => !text.includes('.')),
      ),
      port: fc.integer({ min: 1, max: 65_535 }),
    })
    const lists = fc.uniqueArray(
      fc.tuple(fc.integer({ min: -32_768, max: 32_767 }), fc.array(address, { minLength: 1, maxLength: 4 })),
      { minLength: 1, maxLength: 9, selector: ([dc]) => dc },
    )
    fc.assert(
      fc.property(lists, fc.option(fc.integer({ min: -9, max: 9 }), { nil: undefined }), (all, defaultDc) => {
        const config = { proxies: new Map(all), defaultDc }
        expect(readProxyConfig(writeProxyConfig(config))).toEqual({ ok: true, config })
      }),
    )
  })

  test('any text is read or refused', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('proxy_for ', 'default ', '-2 ', '1.2.3.4:80', '[::1]:80', ';', '#', '\n', ' '),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const reading = readProxyConfig(pieces.join(''))
        expect(typeof reading.ok).toBe('boolean')
      }),
    )
  })
})
