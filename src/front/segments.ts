/** An interface of this host and its greatest packet, bytes. */
export interface InterfaceMtu {
  readonly name: string
  readonly mtu: number
}

/** Type, version and length of the ChangeCipherSpec with its byte, and of the encrypted record behind it. */
const READ_AT_ONCE = 11

/** Headers of IPv4 and TCP, of IPv6 and TCP, each without and with timestamps (RFC 7323). */
const HEADERS = [
  { kind: 'IPv4', bytes: 40 },
  { kind: 'IPv4', bytes: 52 },
  { kind: 'IPv6', bytes: 60 },
  { kind: 'IPv6', bytes: 72 },
] as const

/**
 * Whether Telegram for Android stumbles over a flight that is cut into segments of this many bytes: once the ServerHello is
 * whole it compares the next eleven bytes without waiting for them (tgnet, ConnectionSocket.cpp), so no segment may
 * end before or among them. Of a ServerHello of 1215 bytes: 608 to 612 and 1215 to 1225.
 *
 * @param helloEnd bytes of the ServerHello's record, its header included
 */
export function stumbles(helloEnd: number, segment: number): boolean {
  const lastEnd = Math.floor((helloEnd + READ_AT_ONCE - 1) / segment) * segment
  return lastEnd >= helloEnd
}

/** The interfaces over which that happens, each with the packets for which it does. */
export function stumblingInterfaces(helloEnd: number, interfaces: readonly InterfaceMtu[]): string[] {
  return interfaces.flatMap(({ name, mtu }) => {
    const kinds = HEADERS.filter(({ bytes }) => stumbles(helloEnd, mtu - bytes)).map(({ kind }) => kind)
    return kinds.length > 0 ? [`${name} (MTU ${mtu}, ${[...new Set(kinds)].join(' and ')})`] : []
  })
}
