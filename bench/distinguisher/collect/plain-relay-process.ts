import { startPlainPipe } from '../../../test/probes/plain-pipe.ts'

/** A relay to that host and port, in a process of its own; it says on which port it listens. */
const [host = '', port] = process.argv.slice(2)
const relay = await startPlainPipe({ host, port: Number(port) })
process.on('disconnect', () => process.exit(0))
process.send?.(relay.port)
