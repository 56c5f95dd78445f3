import { join } from 'node:path'

/** What lies where in the state folder. */
export function usageFile(dir: string): string {
  return join(dir, 'usage.db')
}

/** Last good copies of the lists of addresses. */
export function listFolder(dir: string): string {
  return join(dir, 'lists')
}

/** What was recorded of the sites. */
export function profileFolder(dir: string): string {
  return join(dir, 'profiles')
}

export function replayFolder(dir: string): string {
  return join(dir, 'replay')
}

/** Last good copies of what Telegram says of its middle proxies. */
export function middleFolder(dir: string): string {
  return join(dir, 'middle')
}

/** Where commands find a running portico. */
export { controlSocketIn as controlSocket } from '../config/state-place.ts'

/** Inits of clients without FakeTLS. */
export function initFolder(dir: string): string {
  return join(dir, 'inits')
}
