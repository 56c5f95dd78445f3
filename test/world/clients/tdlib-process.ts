/**
 * TDLib in a process of its own, since its threads end only with the process:
 * `node test/world/clients/tdlib-process.ts FOLDER LINK`. Prints one JSON line: seconds, or the error.
 */
import { getTdjson } from 'prebuilt-tdlib'
import { configure, createClient } from 'tdl'

const [folder, link] = process.argv.slice(2)
if (!folder || !link) throw new Error('FOLDER and LINK are missing')

configure({ tdjson: getTdjson(), verbosityLevel: 0 })
const client = createClient({
  apiId: 1,
  apiHash: '0'.repeat(32),
  databaseDirectory: `${folder}/database`,
  filesDirectory: `${folder}/files`,
  skipOldUpdates: true,
})
client.on('error', () => {})
const { searchParams } = new URL(link)
const [server, port, secret] = ['server', 'port', 'secret'].map((name) => searchParams.get(name) ?? '')

try {
  // Without it TDLib dials Telegram's own addresses by itself.
  await client.invoke({ _: 'setNetworkType', type: { _: 'networkTypeNone' } })
  const answer = await client.invoke({
    _: 'pingProxy',
    proxy: {
      _: 'proxy',
      server: server!,
      port: Number(port),
      type: { _: 'proxyTypeMtproto', secret: secret! },
    },
  })
  say({ seconds: answer.seconds })
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) })
}
process.exit()

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
