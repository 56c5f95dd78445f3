import { unzipSync } from 'node:zlib'
import { id, nameOf } from './constructors.ts'
import { contentBytes } from './content.ts'
import { TlReader, TlWriter } from './tl.ts'
import type { Uploads } from './uploads.ts'

/** Addresses that `help.getConfig` gives to clients. */
export interface DcAddress {
  readonly host: string
  readonly port: number
}

export interface MethodsContext {
  readonly now: () => number
  readonly address: () => DcAddress
  readonly uploads: Uploads
  readonly called: (method: string) => void
}

const CONFIG_LIFETIME = 3600
const PRODUCTION_DCS = [1, 2, 3, 4, 5]
const MEDIA_ONLY = 2
const IPV6 = 1

/** The result of one API call, without the rpc_result around it. */
export function answerCall(query: Buffer, context: MethodsContext): Buffer {
  const reader = new TlReader(query)
  const constructor = reader.u32()
  switch (constructor) {
    case id.gzip_packed:
      return answerCall(unzipSync(reader.bytes()), context)
    case id.invokeWithLayer:
      reader.u32()
      return answerCall(reader.rest(), context)
    case id.invokeWithoutUpdates:
      return answerCall(reader.rest(), context)
    case id.invokeAfterMsg:
      reader.u64()
      return answerCall(reader.rest(), context)
    case id.initConnection:
      skipConnectionFacts(reader)
      return answerCall(reader.rest(), context)
  }
  context.called(nameOf(constructor))
  return answerMethod(constructor, reader, context)
}

function answerMethod(constructor: number, reader: TlReader, context: MethodsContext): Buffer {
  switch (constructor) {
    case id.getConfig:
      return config(context)
    case id.getNearestDc:
      return new TlWriter().u32(id.nearestDc).string('NL').u32(2, 2).done()
    case id.bindTempAuthKey:
      return new TlWriter().u32(id.boolTrue).done()
    case id.saveFilePart:
      context.uploads.save(reader.u64(), reader.u32(), reader.bytes())
      return new TlWriter().u32(id.boolTrue).done()
    case id.saveBigFilePart: {
      const [file, part] = [reader.u64(), reader.u32()]
      reader.u32()
      context.uploads.save(file, part, reader.bytes())
      return new TlWriter().u32(id.boolTrue).done()
    }
    case id.getFile:
      return filePart(reader)
    default:
      return rpcError(401, 'AUTH_KEY_UNREGISTERED')
  }
}

export function rpcError(code: number, message: string): Buffer {
  return new TlWriter().u32(id.rpc_error, code).string(message).done()
}

function skipConnectionFacts(reader: TlReader): void {
  const flags = reader.u32()
  reader.u32()
  for (let strings = 0; strings < 6; strings++) reader.string()
  if (flags & 1) {
    reader.u32()
    reader.string()
    reader.u32()
  }
}

/** Every document exists: its id is the seed of its content, its access hash the size in bytes. */
function filePart(reader: TlReader): Buffer {
  reader.u32()
  if (reader.u32() !== id.inputDocumentFileLocation) return rpcError(400, 'LOCATION_INVALID')
  const [seed, size] = [Number(reader.u64()), Number(reader.u64())]
  reader.bytes()
  reader.string()
  const offset = Number(reader.u64())
  const length = Math.max(0, Math.min(reader.u32(), size - offset))
  return new TlWriter()
    .u32(id.file, id.fileUnknown, 0)
    .bytes(contentBytes(seed, offset, length))
    .done()
}

function config({ now, address }: MethodsContext): Buffer {
  const { host, port } = address()
  const date = Math.floor(now() / 1000)
  const family = host.includes(':') ? IPV6 : 0
  const writer = new TlWriter().u32(id.config, 0, date, date + CONFIG_LIFETIME, id.boolFalse, 2)
  writer.u32(id.vector, PRODUCTION_DCS.length * 2)
  for (const dc of PRODUCTION_DCS) {
    for (const flags of [family, family | MEDIA_ONLY]) {
      writer.u32(id.dcOption, flags, dc).string(host).u32(port)
    }
  }
  return writer
    .string('')
    .u32(200, 200_000, 100) // chat, megagroup, forwarded
    .u32(210_000, 5_000, 30_000, 300_000, 30_000, 1_500, 60_000, 2) // online … push_chat_limit
    .u32(172_800, 0x7fffffff, 0x7fffffff, 2_419, 20, 604_800) // edit … channels_read_media_period
    .u32(20_000, 90_000, 30_000, 10_000) // calls
    .string('https://t.me/')
    .u32(1_024, 4_096, 4) // caption, message, webfile dc
    .done()
}
