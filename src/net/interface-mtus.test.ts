import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { interfaceMtus } from './interface-mtus.ts'

test('every interface that is told is one of this host, with an MTU that Linux allows', () => {
  const names = Object.keys(networkInterfaces())
  for (const { name, mtu } of interfaceMtus()) {
    expect(names).toContain(name)
    expect(mtu).toBeGreaterThanOrEqual(68)
  }
  expect(interfaceMtus().map(({ name }) => name)).not.toContain('lo')
})
