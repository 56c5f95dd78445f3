/**
 * A fake data centre as a process: `node test/world/data-centre/main.ts [HOST [PORT]]`.
 * The first line of output says where it listens and which RSA key it has; then it answers orders, JSON lines on
 * standard input, and ends with it.
 */
import { createInterface } from 'node:readline'
import { FakeDataCentre } from './fake-data-centre.ts'
import { type Hello, type NumberedOrder, obey } from './remote-control.ts'

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2)
const dataCentre = await FakeDataCentre.start({ host, port: Number(port) })
const { pem, fingerprint } = dataCentre.rsaKey

say({ host, port: dataCentre.port, pem, fingerprint } satisfies Hello)
for await (const line of createInterface({ input: process.stdin })) {
  say(await obey(dataCentre, JSON.parse(line) as NumberedOrder))
}
process.exit()

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
