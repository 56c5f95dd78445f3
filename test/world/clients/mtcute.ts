import { createHash } from 'node:crypto'
import {
  IntermediatePacketCodec,
  Long,
  MemoryStorage,
  MtProxyTcpTransport,
  ObfuscatedPacketCodec,
  TcpTransport,
  TelegramClient,
  type TelegramTransport,
  type tl,
} from '@mtcute/node'
import { addPublicKey, type DcOptions, LogManager, NodeCryptoProvider } from '@mtcute/node/utils.js'
import { contentBytes } from '../data-centre/content.ts'
import type { PublicRsaKey } from '../data-centre/rsa-key.ts'
import { LastLines } from './last-lines.ts'

/** Where the client connects to: a data centre itself, or a proxy by its link. */
export type Route =
  | { readonly kind: 'direct'; readonly host: string; readonly port: number }
  | { readonly kind: 'proxy'; readonly host: string; readonly port: number; readonly secret: string }

export interface MtcuteOptions {
  readonly route: Route
  readonly rsaKey: PublicRsaKey
  /** Default 2. */
  readonly dc?: number
  readonly testMode?: boolean
}

export interface MtcuteClient {
  /** Connects, which makes an auth key, and asks for the configuration. */
  config(): Promise<tl.RawConfig>
  /** Lowercase hex SHA-256 of the `bytes` bytes that were sent, by the file id (decimal) that they got. */
  upload(bytes: number, seed: number): Promise<{ file: string; sha256: string }>
  /** Lowercase hex SHA-256 of the `bytes` bytes that came. */
  download(bytes: number, seed: number): Promise<{ bytes: number; sha256: string }>
  /** Errors that the library met and got over, or not. */
  readonly errors: readonly unknown[]
  close(): Promise<void>
}

/** mtcute's own direct transport does not obfuscate, which a data centre's port for proxies expects. */
class ObfuscatedTcpTransport extends TcpTransport {
  override packetCodec(): IntermediatePacketCodec {
    return new ObfuscatedPacketCodec(new IntermediatePacketCodec()) as unknown as IntermediatePacketCodec
  }
}

export function transportOf(route: Route): TelegramTransport {
  if (route.kind === 'direct') return new ObfuscatedTcpTransport()
  return new MtProxyTcpTransport({ host: route.host, port: route.port, secret: route.secret })
}

export function routeOfLink(link: string): Route {
  const query = new URL(link).searchParams
  const [host, port, secret] = ['server', 'port', 'secret'].map((name) => query.get(name))
  if (!host || !port || !secret) throw new Error('not a proxy link')
  return { kind: 'proxy', host, port: Number(port), secret }
}

/** A real client with the library's own network code and cryptography, its storage in memory. */
export function openMtcute({ route, rsaKey, dc = 2, testMode = false }: MtcuteOptions): MtcuteClient {
  addPublicKey(new NodeCryptoProvider(), rsaKey.pem)
  const errors: unknown[] = []
  const client = new TelegramClient({
    apiId: 1,
    apiHash: '0'.repeat(32),
    storage: new MemoryStorage(),
    defaultDcs: dcOptions(route, dc, testMode),
    testMode,
    transport: transportOf(route),
    disableUpdates: true,
    updates: false,
    logLevel: LogManager.DEBUG,
  })
  const log = new LastLines()
  client.log.mgr.handler = (_colour, _level, tag, text, args) => log.add(tag, text, args)
  client.onError.add((error) => {
    errors.push(error)
  })
  return {
    errors,
    config: () => log.orTell(config(client), 'config'),
    upload: (bytes, seed) => log.orTell(upload(client, bytes, seed), 'upload'),
    download: (bytes, seed) => log.orTell(download(client, bytes, seed), 'download'),
    close: async () => {
      await client.destroy()
    },
  }
}

function dcOptions(route: Route, id: number, testMode: boolean): DcOptions {
  const main = { id, ipAddress: route.host, port: route.port, testMode, ipv6: route.host.includes(':') }
  return { main, media: { ...main, mediaOnly: true } }
}

async function config(client: TelegramClient): Promise<tl.RawConfig> {
  await client.connect()
  // uploadFile refuses to work before it is known that nobody is logged in.
  await client.storage.self.store(null)
  return client.call({ _: 'help.getConfig' })
}

async function upload(
  client: TelegramClient,
  bytes: number,
  seed: number,
): Promise<{ file: string; sha256: string }> {
  const content = contentBytes(seed, 0, bytes)
  const { inputFile } = await client.uploadFile({ file: content, fileName: 'content', fileMime: 'x/x' })
  if (!('id' in inputFile) || !Long.isLong(inputFile.id)) throw new Error('no file id')
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { file: inputFile.id.toUnsigned().toString(), sha256 }
}

async function download(
  client: TelegramClient,
  size: number,
  seed: number,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  const location: tl.RawInputDocumentFileLocation = {
    _: 'inputDocumentFileLocation',
    id: Long.fromNumber(seed),
    accessHash: Long.fromNumber(size),
    fileReference: new Uint8Array(0),
    thumbSize: '',
  }
  for await (const part of client.downloadAsIterable(location, { fileSize: size })) {
    hash.update(part)
    bytes += part.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
