import { expect, test, vi } from 'vitest'
import { LocalPorts, type LocalPortsDependencies, localPortRange } from './local-ports.ts'

test('says once that the end is near, and which address has most', () => {
  const scarce = vi.fn<LocalPortsDependencies['scarce']>()
  const ports = new LocalPorts(100, { scarce })
  for (let open = 0; open < 90; open++) ports.opened('192.0.2.1:443')
  ports.opened('192.0.2.2:443')
  expect(scarce.mock.calls).toEqual([['192.0.2.1:443', false]])
  expect(ports.isScarce('192.0.2.1:443')).toBe(true)
  expect(ports.isScarce('192.0.2.2:443')).toBe(false)
  expect(ports.most).toBe(90)
  for (let open = 0; open < 90; open++) ports.closed('192.0.2.1:443')
  expect(ports.most).toBe(1)
  expect(ports.isScarce('192.0.2.1:443')).toBe(false)
})

test('this system has some', () => {
  expect(localPortRange()).toBeGreaterThan(0)
})
