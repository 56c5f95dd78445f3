import { expect, test } from 'vitest'
import { AddressOrder } from './address-order.ts'

const at = (host: string) => ({ kind: 'tcp' as const, host, port: 8888 })
const ALL = [at('192.0.2.1'), at('192.0.2.2'), at('192.0.2.3')]

test('who is not ready comes after the others, who answers nothing after these', () => {
  const order = new AddressOrder()
  const hosts = () => order.sort(ALL).map((each) => each.kind === 'tcp' && each.host.at(-1))
  expect(hosts()).toEqual(['1', '2', '3'])
  order.answered('192.0.2.1:8888', false)
  order.notReady('192.0.2.2:8888')
  expect(hosts()).toEqual(['3', '2', '1'])
  // A handshake proves nothing of what is behind it.
  order.ready('192.0.2.1:8888')
  order.ready('192.0.2.2:8888')
  expect(hosts()).toEqual(['2', '3', '1'])
  order.answered('192.0.2.1:8888', true)
  expect([hosts(), order.answers('192.0.2.1:8888')]).toEqual([['1', '2', '3'], true])
})
