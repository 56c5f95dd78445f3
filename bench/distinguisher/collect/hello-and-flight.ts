import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { RecordReader } from '../tap/record-reader.ts'
import type { Address } from '../tap/tap.ts'

export interface HelloAnswered {
  readonly clientPort: number
  /** From the write of the hello to the last byte of the flight, as the client has it. */
  readonly milliseconds: number
}

const PATIENCE = 10_000

/** Every client comes from an address of its own, or they would share what portico allows to one. */
export function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

/**
 * Sends a hello, waits for a flight with so many encrypted records, and resets the connection.
 * @param distance milliseconds from the connection to the hello
 * @throws when the peer ends first, or is silent for ten seconds
 */
export function helloAndFlight(
  { host, port }: Address,
  hello: Buffer,
  encryptedRecords: number,
  localAddress = ownAddress(),
  distance = 0,
): Promise<HelloAnswered> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress, noDelay: true })
    const reader = new RecordReader()
    let [sent, encrypted, settled] = [0, 0, false]
    const fail = (why: string) => {
      if (settled) return
      settled = true
      socket.destroy()
      reject(new Error(`no flight from port ${port}: ${why}`))
    }
    socket.setTimeout(PATIENCE, () => fail('silence'))
    const say = () => {
      sent = performance.now()
      socket.write(hello)
    }
    socket.on('connect', () => {
      if (distance === 0) say()
      else setTimeout(say, distance)
    })
    socket.on('data', (bytes: Buffer) => {
      encrypted += reader.push(bytes).filter(({ type }) => type === 0x17).length
      if (encrypted < encryptedRecords || settled) return
      settled = true
      const milliseconds = performance.now() - sent
      const clientPort = socket.localPort!
      socket.resetAndDestroy()
      resolve({ clientPort, milliseconds })
    })
    socket.on('end', () => fail('FIN'))
    socket.on('error', (error) => fail(error.message))
  })
}
