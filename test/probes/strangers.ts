import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CLASSES,
  DOMAIN,
  GROUPS,
  handMadeHello,
  inEqualRecords,
  inRecords,
  record,
  retriedHello,
  SIGNATURES,
  serverName,
  strangeHello,
  TLS13,
  tls12Hello,
} from './hellos.ts'
import type { Probe, Script } from './matrix.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ascii = (text: string) => Buffer.from(text, 'latin1')

function sends(name: string, make: () => Buffer): Probe {
  return {
    name,
    make: () => {
      const bytes = make()
      return (client) => client.send(bytes)
    },
  }
}

function plays(name: string, make: () => Buffer, script: (bytes: Buffer) => Script): Probe {
  return { name, make: () => script(make()) }
}

const HTTP_GET = ascii(`GET / HTTP/1.1\r\nHost: ${DOMAIN}\r\n\r\n`)

/** What speaks another protocol. camouflage.md §2, rows 1, 4, 5. */
const FOREIGN: readonly Probe[] = [
  { name: 'silence', make: () => () => {} },
  { name: 'FIN at once', make: () => (client) => client.fin() },
  sends('plain HTTP', () => HTTP_GET),
  sends('plain HTTP, header unfinished', () => ascii(`GET / HTTP/1.1\r\nHost: ${DOMAIN}\r\n`)),
  sends('plain HTTP, POST', () => ascii('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789')),
  sends('HTTP/2 preface', () => ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')),
  sends('SSH banner', () => ascii('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')),
  sends('SOCKS5', () => hex('05 01 00')),
  sends('SOCKS4', () => hex('04 01 01bb 7f000001 00')),
  sends('PROXY header, v1', () => ascii('PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n')),
  sends('PROXY header, v2', () => hex('0d0a0d0a000d0a515549540a 2111000c c0000201 c0000202 0001 01bb')),
  sends('SMTP', () => ascii('EHLO example.org\r\n')),
  sends('RDP', () => hex('030000130ee000000000000100080003000000')),
  sends('SSL 2 hello', () => hex('802e0100020015000000100100800200800300800400800500800600400700c0')),
  sends('newlines', () => ascii('\r\n\r\n\r\n\r\n')),
  sends('zeros', () => Buffer.alloc(200)),
  sends('garbage, 64 bytes', () => randomBytes(64)),
  sends('garbage, 64 KiB', () => randomBytes(65_536)),
]

/** Records that begin like TLS. Rows 6 and 7. */
const RECORDS: readonly Probe[] = [
  sends('16 03 01 ff ff', () => hex('16 03 01 ff ff')),
  sends('16 03 01 ff ff and as much as it says', () =>
    Buffer.concat([hex('16 03 01 ff ff'), randomBytes(65_535)]),
  ),
  sends('16 03 01 40 01', () => hex('16 03 01 40 01')),
  sends('16 03 01 40 00', () => hex('16 03 01 40 00')),
  sends('16 03 01 00 00', () => hex('16 03 01 00 00')),
  sends('forty empty handshake records', () => Buffer.alloc(200, hex('16 03 01 00 00'))),
  sends('16 03 00', () => hex('16 03 00 00 05 01 00 00 01 00')),
  sends('16 05 01', () => hex('16 05 01 00 05 01 00 00 01 00')),
  sends('handshake type 0', () => record(0x16, hex('00 000000'), 1)),
  sends('handshake type 2', () => record(0x16, hex('02 000004 00000000'), 1)),
  sends('handshake type 11', () => record(0x16, hex('0b 000004 00000000'), 1)),
  sends('handshake type 20', () => record(0x16, hex('14 000004 00000000'), 1)),
  sends('handshake length 0', () => record(0x16, hex('01 000000'), 1)),
  sends('handshake length ffffff', () => record(0x16, hex('01 ffffff 0303'), 1)),
  sends('hello of another version in the record', () => flip(strangeHello(), 2, 4)),
  sends('hello whose record says 03 03', () => flip(strangeHello(), 2, 3)),
  sends('hello whose record says 03 00', () => flip(strangeHello(), 2, 0)),
  sends('ServerHello in place of ClientHello', () => flip(strangeHello(), 5, 2)),
  sends('hello, its extensions longer than it', () => {
    const hello = strangeHello({ class: 'legacy' })
    return flip(hello, hello.length - 100, 0xff)
  }),
  sends('hello with bytes behind the message', () => withTail(strangeHello(), randomBytes(7))),
  sends('hello of nothing but zeros', () =>
    record(0x16, Buffer.concat([hex('01 000100'), Buffer.alloc(256)]), 1),
  ),
  sends('CCS first', () => hex('14 03 03 00 01 01')),
  sends('CCS, then a hello', () => Buffer.concat([hex('14 03 03 00 01 01'), strangeHello()])),
  sends('alert first', () => hex('15 03 01 00 02 02 28')),
  sends('close_notify first', () => hex('15 03 01 00 02 01 00')),
  sends('data first', () => record(0x17, randomBytes(100))),
  sends('heartbeat first', () => record(0x18, hex('01 4000'))),
  sends('record type 0x19', () => record(0x19, randomBytes(20))),
]

/** Whole hellos, as clients and others send them. Rows 3, 8 to 12. */
const HELLOS: readonly Probe[] = [
  ...CLASSES.flatMap((name) => [
    sends(`hello, ${name}`, () => strangeHello({ class: name })),
    sends(`hello, ${name}, no SNI`, () => strangeHello({ class: name, domain: undefined })),
    sends(`hello, ${name}, wrong SNI`, () => strangeHello({ class: name, domain: 'www.example.net' })),
    plays(
      `hello and FIN, ${name}`,
      () => strangeHello({ class: name }),
      (hello) => (client) => {
        client.send(hello)
        client.fin()
      },
    ),
  ]),
  sends('hello with an address as SNI', () => strangeHello({ domain: '127.0.0.1' })),
  sends('hello, SNI in capitals', () => strangeHello({ domain: DOMAIN.toUpperCase() })),
  sends('hello, SNI with a final dot', () => strangeHello({ domain: `${DOMAIN}.` })),
  sends('hello, SNI of 200 bytes', () => strangeHello({ domain: `${'a'.repeat(190)}.example` })),
  sends('hello without a session id', () =>
    handMadeHello({
      sessionId: Buffer.alloc(0),
      extensions: [serverName(DOMAIN), GROUPS, SIGNATURES, TLS13],
    }),
  ),
  sends('TLS 1.2 hello', () => tls12Hello()),
  sends('TLS 1.2 hello, wrong SNI', () => tls12Hello('www.example.net')),
  sends('TLS 1.2 hello without extensions', () =>
    handMadeHello({ extensions: undefined, cipherSuites: [0x009c, 0x002f] }),
  ),
  sends('TLS 1.1 hello', () =>
    handMadeHello({ version: 0x0302, extensions: [serverName(DOMAIN)], cipherSuites: [0x002f] }),
  ),
  sends('TLS 1.3 hello without groups', () =>
    handMadeHello({ extensions: [serverName(DOMAIN), SIGNATURES, TLS13] }),
  ),
  sends('hello that needs a HelloRetryRequest', retriedHello),
  plays('HelloRetryRequest, then junk', retriedHello, (hello) => async (client) => {
    client.send(hello)
    await client.quiet()
    client.send(record(0x16, Buffer.alloc(90, 1)))
  }),
  sends('no cipher in common', () =>
    handMadeHello({ cipherSuites: [0x0a0a], extensions: [serverName(DOMAIN), GROUPS, SIGNATURES, TLS13] }),
  ),
  ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((count) =>
    sends(`hello in ${count} records`, () => inEqualRecords(strangeHello(), count)),
  ),
  sends('hello, its first record of one byte', () => inRecords(strangeHello(), [1])),
  sends('hello in records of one byte', () =>
    inRecords(strangeHello({ class: 'legacy' }), Array(600).fill(1)),
  ),
  sends('hello, an empty record in the middle', () => {
    const hello = strangeHello()
    return Buffer.concat([
      record(0x16, hello.subarray(5, 100), 1),
      record(0x16, Buffer.alloc(0), 1),
      record(0x16, hello.subarray(100), 1),
    ])
  }),
  sends('hello, an alert in the middle', () => {
    const hello = strangeHello()
    return Buffer.concat([
      record(0x16, hello.subarray(5, 100), 1),
      hex('15 03 01 00 02 01 00'),
      record(0x16, hello.subarray(100), 1),
    ])
  }),
]

/** How the bytes arrive, and what comes behind them. Rows 16, 17, 21, 22 and hostile input. */
const MANNERS: readonly Probe[] = [
  plays(
    'hello byte by byte',
    () => strangeHello({ class: 'legacy' }),
    (hello) => (client) => client.sendPieces(hello, Array(hello.length).fill(1), 0),
  ),
  ...[[1], [3], [5], [6], [9], [11], [43], [1, 1, 1, 2], [5, 6, 32], [517], [1000, 500]].map((sizes) =>
    plays(
      `hello in segments of ${sizes.join(', ')} and the rest`,
      strangeHello,
      (hello) => (client) => client.sendPieces(hello, sizes, 30),
    ),
  ),
  plays(
    'one byte a second',
    strangeHello,
    (hello) => (client) => client.sendPieces(hello.subarray(0, 12), Array(12).fill(1), 1000),
  ),
  plays(
    'one junk byte a second',
    () => randomBytes(12),
    (junk) => (client) => client.sendPieces(junk, Array(12).fill(1), 1000),
  ),
  sends('hello and one junk record in one segment', () =>
    Buffer.concat([strangeHello(), record(0x17, randomBytes(60))]),
  ),
  sends('hello and garbage in one segment', () => Buffer.concat([strangeHello(), randomBytes(60)])),
  sends('hello, CCS and a junk record in one segment', () =>
    Buffer.concat([strangeHello(), hex('14 03 03 00 01 01'), record(0x17, randomBytes(53))]),
  ),
  sends('the hello twice', () => {
    const hello = strangeHello()
    return Buffer.concat([hello, hello])
  }),
  afterFlight('one junk record', () => record(0x17, randomBytes(60))),
  afterFlight('CCS and a record like Finished', () =>
    Buffer.concat([hex('14 03 03 00 01 01'), record(0x17, randomBytes(53))]),
  ),
  afterFlight('garbage', () => randomBytes(300)),
  afterFlight('an alert', () => hex('15 03 03 00 02 02 28')),
  afterFlight('a second hello', () => strangeHello()),
  afterFlight('plain HTTP', () => HTTP_GET),
  plays('hello, flight, FIN', strangeHello, (hello) => async (client) => {
    client.send(hello)
    await client.quiet()
    client.fin()
  }),
  plays(
    'garbage, then more and more',
    () => randomBytes(64),
    (junk) => async (client) => {
      for (let round = 0; round < 8 && !client.over; round++) {
        client.send(junk)
        await sleep(40)
      }
    },
  ),
  plays(
    'garbage in one go, then nothing',
    () => randomBytes(200_000),
    (junk) => (client) => client.send(junk),
  ),
  plays(
    'something after the FIN of the front',
    () => randomBytes(64),
    (junk) => async (client) => {
      client.send(hex('16 03 01 00 05 02 00 00 01 00'))
      await client.untilFin(4000)
      client.send(junk)
    },
  ),
  plays(
    'a byte after the FIN of the front',
    () => randomBytes(1),
    (junk) => async (client) => {
      client.send(HTTP_GET)
      await client.untilFin(4000)
      client.send(junk)
    },
  ),
  plays(
    '16 MB of hello',
    () => hugeHello(16 << 20),
    (hello) => (client) => client.send(hello),
  ),
  plays(
    '16 MB of hello, in pieces',
    () => hugeHello(16 << 20),
    (hello) => async (client) => {
      for (let at = 0; at < hello.length && !client.over; at += 65_536) {
        client.send(hello.subarray(at, at + 65_536))
        await sleep(2)
      }
    },
  ),
  sends('a hello of 20 KB', () => hugeHello(20_000)),
  sends('half of a hello of 100 KB', () => hugeHello(100_000).subarray(0, 50_000)),
]

function afterFlight(what: string, make: () => Buffer): Probe {
  return {
    name: `hello, flight, ${what}`,
    make: () => {
      const [hello, more] = [strangeHello(), make()]
      return async (client) => {
        client.send(hello)
        await client.quiet()
        client.send(more)
      }
    },
  }
}

function flip(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value
  return bytes
}

/** Inside the record, behind the message. */
function withTail(hello: Buffer, tail: Buffer): Buffer {
  return record(0x16, Buffer.concat([hello.subarray(5), tail]), 1)
}

/** A message of `size` bytes in full records. */
function hugeHello(size: number): Buffer {
  const message = Buffer.alloc(size + 4, 0x61)
  message.writeUInt32BE(size, 0)
  message[0] = 1
  message.writeUInt16BE(0x0303, 4)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += 16_384)
    records.push(record(0x16, message.subarray(at, at + 16_384), 1))
  return Buffer.concat(records)
}

export const STRANGERS: readonly Probe[] = [...FOREIGN, ...RECORDS, ...HELLOS, ...MANNERS]
