import { existsSync, readFileSync } from 'node:fs'
import { NOT_YET } from '../config/not-yet.ts'
import type { ServeEvent } from '../server/supervisor.ts'

/** How long silence is normal before the firewall is suspected. */
export const SILENCE = 90_000

interface Watched {
  readonly port: number
  on(listener: (event: ServeEvent) => void): void
}

interface Dependencies {
  print(line: string): void
  /** Calls back once after so many milliseconds; must not keep the process alive. Returns how to call it off. */
  after(milliseconds: number, call: () => void): () => void
  /** Names the host's own firewall with the line that opens a port, where one is active. */
  ownFirewall(port: number): string | undefined
}

/** Tells the operator at the terminal what becomes of the first connections; each thing once. */
export function watchFirstConnection(
  { port, on }: Watched,
  { print, after, ownFirewall: firewallRemedy }: Dependencies,
): void {
  const said = new Set<ServeEvent['type']>()
  const callOff = after(SILENCE, () => {
    const firewall = firewallRemedy(port)
    const own = firewall === undefined ? '' : `, and here: ${firewall}`
    print(`Nothing from outside has reached port ${port}. Open TCP ${port} in your provider's firewall${own}`)
  })
  on((event) => {
    callOff()
    if (said.has(event.type) || (said.has('session') && event.type !== 'unreachable')) return
    said.add(event.type)
    const line = sentence(event)
    if (line !== undefined) print(line)
  })
}

function sentence(event: ServeEvent): string | undefined {
  switch (event.type) {
    case 'connection':
      return undefined
    case 'session':
      return `✓ ${event.user} connected from ${event.address} and reached Telegram (DC ${event.dc}, ${Math.round(event.milliseconds)} ms)`
    case 'no_valid_secret':
      return 'Connections arrive, none carries a valid secret: is the link complete?'
    case 'unreachable':
      return `Valid secret, but this server cannot reach Telegram (${event.tried} of ${event.tried} data centres timed out): ${remedy()}`
  }
}

/** While this version has no upstreams, advising one would be advising an error. */
function remedy(): string {
  const noUpstream = NOT_YET.some(({ path }) => path === 'upstream')
  return noUpstream ? 'is outgoing TCP 443 open, and Telegram not blocked here?' : 'set [[upstream]]'
}

/** ufw and firewalld, seen by the files they leave; other rule sets cannot be read without root. */
export function ownFirewall(port: number): string | undefined {
  if (readable('/etc/ufw/ufw.conf').includes('ENABLED=yes')) return `ufw allow ${port}/tcp`
  if (existsSync('/run/firewalld'))
    return `firewall-cmd --permanent --add-port=${port}/tcp && firewall-cmd --reload`
  return undefined
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
