import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { routeOfLink } from './clients/mtcute.ts'
import { startPortico } from './portico.ts'
import { ALICE } from './portico-toml.ts'

const domain = 'www.example.org'

test('a portico that tells of itself and stops when told', async () => {
  const portico = await startPortico({ config: { domain, front: 'built-in' } })
  expect(statSync(portico.file).mode & 0o777).toBe(0o600)
  expect(portico.log.map((line) => line.event)).toContain('serving')
  expect(routeOfLink(portico.link('alice'))).toEqual({
    kind: 'proxy',
    host: portico.host,
    port: portico.port,
    secret: `ee${ALICE}${Buffer.from(domain).toString('hex')}`,
  })
  expect(await portico.ready()).toBe(true)
  expect((await portico.metrics()).size).toBeGreaterThan(10)
  expect(portico.rss()).toBeGreaterThan(10 << 20)
  expect(await portico.stop()).toBe(0)
})

test('one that cannot start says why', async () => {
  await expect(startPortico({ config: () => 'listen = "no address"\n' })).rejects.toThrow(/ended with 78/)
})
