import { type AddressInfo, createServer } from 'node:net'

const given = new Set<number>()

/** A TCP port that was free a moment ago, for programs that cannot be told to choose one; never the same twice. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = await bindOnce(host)
    if (given.has(port)) continue
    given.add(port)
    return port
  }
}

function bindOnce(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
