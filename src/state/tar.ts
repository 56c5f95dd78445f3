/** One file in an archive. Names are relative, with `/`. */
export interface TarFile {
  readonly name: string
  readonly bytes: Buffer
}

const BLOCK = 512
/** Fields of a ustar header (POSIX.1-2001, pax): offset and length. */
const NAME = [0, 100] as const
const MODE = [100, 8] as const
const SIZE = [124, 12] as const
const TIME = [136, 12] as const
const CHECKSUM = [148, 8] as const
const TYPE = 156
const MAGIC = [257, 8] as const
const PREFIX = [345, 155] as const
const REGULAR = '0'

export class TarError extends Error {
  readonly code = 'bad_tar'
}

/** An archive that every tar reads; files for the owner's eyes only. @throws TarError for a name that is too long */
export function writeTar(files: readonly TarFile[], unixSeconds: number): Buffer {
  const blocks = files.flatMap(({ name, bytes }) => {
    const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)
    return [header(name, bytes.length, unixSeconds), bytes, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}

/** The regular files of an archive. @throws TarError */
export function readTar(archive: Buffer): TarFile[] {
  const files: TarFile[] = []
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const head = archive.subarray(at, at + BLOCK)
    if (head.every((byte) => byte === 0)) break
    if (octal(head, CHECKSUM) !== checksum(head)) throw new TarError('a header is damaged')
    const size = octal(head, SIZE)
    const end = at + BLOCK + size
    if (end > archive.length) throw new TarError('the archive ends in the middle of a file')
    if (head[TYPE] === REGULAR.charCodeAt(0) || head[TYPE] === 0) {
      files.push({ name: safeName(head), bytes: archive.subarray(at + BLOCK, end) })
    }
    at = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function header(name: string, size: number, unixSeconds: number): Buffer {
  const head = Buffer.alloc(BLOCK)
  const [prefix, rest] = splitName(name)
  head.write(rest, ...NAME)
  head.write('0000600\0', ...MODE)
  head.write(`${size.toString(8).padStart(11, '0')}\0`, ...SIZE)
  head.write(`${unixSeconds.toString(8).padStart(11, '0')}\0`, ...TIME)
  head.write(REGULAR, TYPE)
  head.write('ustar\x0000', ...MAGIC)
  head.write(prefix, ...PREFIX)
  head.write(`${checksum(head).toString(8).padStart(6, '0')}\0 `, ...CHECKSUM)
  return head
}

function splitName(name: string): [prefix: string, rest: string] {
  if (Buffer.byteLength(name) <= NAME[1]) return ['', name]
  for (let slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
    const [prefix, rest] = [name.slice(0, slash), name.slice(slash + 1)]
    if (Buffer.byteLength(prefix) <= PREFIX[1] && Buffer.byteLength(rest) <= NAME[1]) return [prefix, rest]
  }
  throw new TarError(`the name ${name} is too long`)
}

/** Nothing may be written outside the folder that an archive is unpacked into. */
function safeName(head: Buffer): string {
  const [prefix, rest] = [text(head, PREFIX), text(head, NAME)]
  const name = prefix === '' ? rest : `${prefix}/${rest}`
  if (name === '' || name.startsWith('/') || name.split('/').includes('..')) {
    throw new TarError(`the name ${JSON.stringify(name)} leads outside`)
  }
  return name
}

function text(head: Buffer, [at, length]: readonly [number, number]): string {
  const field = head.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString()
}

function octal(head: Buffer, field: readonly [number, number]): number {
  const digits = text(head, field).trim()
  if (!/^[0-7]+$/.test(digits)) throw new TarError('a header is damaged')
  return Number.parseInt(digits, 8)
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(head: Buffer): number {
  const [at, length] = CHECKSUM
  return head.reduce((sum, byte, index) => sum + (index >= at && index < at + length ? 0x20 : byte), 0)
}
