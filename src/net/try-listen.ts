import { createServer } from 'node:net'

/** Whether an address could be listened on; `absent`: this host lacks it. */
export type ListenTrial = 'free' | 'taken' | 'forbidden' | 'absent'

/** Binds and lets go at once. `host` '' tries IPv4 and IPv6, each by itself: another program may hold only one. */
export async function tryListen(host: string, port: number): Promise<ListenTrial> {
  if (host !== '') return tryOne(host, port)
  const trials = await Promise.all([tryOne('0.0.0.0', port), tryOne('::', port)])
  const worst = trials.find((trial) => trial === 'taken') ?? trials.find((trial) => trial === 'forbidden')
  return worst ?? (trials.includes('free') ? 'free' : 'absent')
}

function tryOne(host: string, port: number): Promise<ListenTrial> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(meaning(error.code)))
    server.listen({ host, port, ipv6Only: true, exclusive: true }, () => {
      server.close(() => resolve('free'))
    })
  })
}

function meaning(code: string | undefined): ListenTrial {
  if (code === 'EADDRINUSE') return 'taken'
  return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'absent'
}
