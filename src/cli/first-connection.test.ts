import { expect, test } from 'vitest'
import type { ServeEvent } from '../server/supervisor.ts'
import { watchFirstConnection } from './first-connection.ts'

const SESSION: ServeEvent = {
  type: 'session',
  user: 'default',
  address: '198.51.100.4',
  dc: 2,
  milliseconds: 37.6,
}

function watch() {
  const lines: string[] = []
  let tell: (event: ServeEvent) => void = () => {}
  let late = () => {}
  const on = (listener: typeof tell) => {
    tell = listener
  }
  const after = (_milliseconds: number, call: () => void) => {
    late = call
    return () => {
      late = () => {}
    }
  }
  watchFirstConnection(
    { port: 443, on },
    { print: (line) => lines.push(line), after, ownFirewall: () => 'ufw allow 443/tcp' },
  )
  return { lines, tell: (event: ServeEvent) => tell(event), passTime: () => late() }
}

test('a session, once', () => {
  const { lines, tell, passTime } = watch()
  tell({ type: 'connection' })
  tell(SESSION)
  tell(SESSION)
  tell({ type: 'no_valid_secret' })
  passTime()
  expect(lines).toEqual(['✓ default connected from 198.51.100.4 and reached Telegram (DC 2, 38 ms)'])
})

test('nothing at all', () => {
  const { lines, passTime } = watch()
  passTime()
  expect(lines).toEqual([
    "Nothing from outside has reached port 443. Open TCP 443 in your provider's firewall, and here: ufw allow 443/tcp",
  ])
})

test('strangers only, then a user who cannot reach Telegram', () => {
  const { lines, tell } = watch()
  tell({ type: 'connection' })
  tell({ type: 'no_valid_secret' })
  tell({ type: 'no_valid_secret' })
  tell({ type: 'unreachable', tried: 5 })
  expect(lines).toEqual([
    'Connections arrive, none carries a valid secret: is the link complete?',
    expect.stringContaining(
      'Valid secret, but this server cannot reach Telegram (5 of 5 data centres timed out)',
    ),
  ])
})
