import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { FakeDataCentre } from '../data-centre/fake-data-centre.ts'
import { freePort } from '../free-port.ts'
import { pingProxy } from './tdlib.ts'

test('TDLib loads and takes the answer of a fake data centre, which is its own proxy here', async () => {
  const secret = randomBytes(16)
  const dataCentre = await FakeDataCentre.start({ secret })
  try {
    const { host, port } = dataCentre
    const link = `tg://proxy?server=${host}&port=${port}&secret=dd${secret.toString('hex')}`
    expect(await pingProxy(link)).toBeGreaterThan(0)
    expect(dataCentre.counters().records[0]).toMatchObject({ framing: 'padded', ended: 'fin' })
  } finally {
    await dataCentre.stop()
  }
})

test('TDLib says so when nothing listens', async () => {
  const link = `tg://proxy?server=127.0.0.1&port=${await freePort()}&secret=dd${'1'.repeat(32)}`
  await expect(pingProxy(link)).rejects.toMatchObject({ code: 'tdlib' })
})
