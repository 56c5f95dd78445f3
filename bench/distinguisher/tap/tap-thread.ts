/**
 * The taps of a run: relays that write down what passes, the same code before each server, in a thread of their own so that
 * the clients' work does not show in the times.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { Side } from './flow.ts'
import { Recorder } from './recorder.ts'

export interface TapOrder {
  readonly tap: number
  readonly host: string
  readonly port: number
}

const main = parentPort!

main.on('message', ({ tap, host, port }: TapOrder) => {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    const recorder = new Recorder(() => performance.now())
    const clientPort = client.remotePort ?? 0
    // From the client's own address, or all clients would share what a server allows to one.
    const localAddress = client.remoteAddress ?? host
    const site = connect({ host, port, localAddress, allowHalfOpen: true, noDelay: true })
    let open = 2
    const closed = () => {
      if (--open === 0) main.postMessage({ tap, flow: recorder.flow(clientPort) })
    }
    pass('client', client, site, recorder, closed)
    pass('server', site, client, recorder, closed)
  })
  server.listen(0, '127.0.0.1', () => {
    main.postMessage({ tap, port: (server.address() as AddressInfo).port })
  })
})

function pass(side: Side, from: Socket, to: Socket, recorder: Recorder, closed: () => void): void {
  from.on('data', (bytes: Buffer) => {
    recorder.read(side, bytes)
    if (!to.write(bytes)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  })
  from.on('end', () => {
    recorder.ended(side, 'fin')
    to.end()
  })
  from.on('error', () => {
    recorder.ended(side, 'reset')
    to.resetAndDestroy()
  })
  from.on('close', closed)
  from.resume()
}
