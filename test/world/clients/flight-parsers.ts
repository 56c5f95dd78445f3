/** A client's reading of the first flight: fed with what one `recv` gives, says what it makes of it. */
export interface FlightParser {
  /** `more`, `accepted`, or why it breaks off. */
  feed(bytes: Buffer): string
}

const SERVER_HELLO = Buffer.from('160303', 'hex')
const BEHIND_HELLO = Buffer.from('140303000101170303', 'hex')
const IOS_LIMIT = 10 * 1024

/** What all have in common; `whole` is handed the bytes up to now once the hello's length is known. */
abstract class Accumulating implements FlightParser {
  protected received = Buffer.alloc(0)

  feed(bytes: Buffer): string {
    this.received = Buffer.concat([this.received, bytes])
    const { received } = this
    if (received.length < 5) return 'more'
    if (!received.subarray(0, 3).equals(SERVER_HELLO)) return 'hello mismatch'
    const helloEnd = 5 + received.readUInt16BE(3)
    return received.length < helloEnd ? 'more' : this.behindHello(helloEnd)
  }

  protected abstract behindHello(helloEnd: number): string
}

/** TDLib (TlsInit.cpp, wait_hello_response) and Desktop (mtproto_tls_socket.cpp, checkHelloParts): each part is waited for. */
class Patient extends Accumulating {
  protected behindHello(helloEnd: number): string {
    const { received } = this
    const dataAt = helloEnd + BEHIND_HELLO.length + 2
    if (received.length < dataAt) return 'more'
    if (!received.subarray(helloEnd, dataAt - 2).equals(BEHIND_HELLO)) return 'second part mismatch'
    return received.length < dataAt + received.readUInt16BE(dataAt - 2) ? 'more' : 'accepted'
  }
}

/** iOS (MTTcpConnection.m): as the others, and neither part may be long. */
class Ios extends Patient {
  protected override behindHello(helloEnd: number): string {
    if (helloEnd - 5 > IOS_LIMIT) return 'hello too long'
    const dataAt = helloEnd + BEHIND_HELLO.length + 2
    const { received } = this
    if (received.length >= dataAt && received.readUInt16BE(dataAt - 2) > IOS_LIMIT) return 'data too long'
    return super.behindHello(helloEnd)
  }
}

/** Android (tgnet, ConnectionSocket.cpp): compares what stands behind the hello at once, and its HMAC covers all that came. */
class Android extends Accumulating {
  protected behindHello(helloEnd: number): string {
    const { received } = this
    const dataAt = helloEnd + BEHIND_HELLO.length + 2
    if (received.length < dataAt || !received.subarray(helloEnd, dataAt - 2).equals(BEHIND_HELLO)) {
      return 'hello2 mismatch'
    }
    const end = dataAt + received.readUInt16BE(dataAt - 2)
    if (received.length < end) return 'more'
    return received.length === end ? 'accepted' : 'hash mismatch'
  }
}

export const FLIGHT_PARSERS: Record<'tdlib' | 'desktop' | 'ios' | 'android', () => FlightParser> = {
  tdlib: () => new Patient(),
  desktop: () => new Patient(),
  ios: () => new Ios(),
  android: () => new Android(),
}

/** What the kernel cuts a flight into, whatever the path: MSS of 536 to 1460 bytes. */
export const SEGMENTS = Array.from({ length: 1460 - 536 + 1 }, (_, at) => 536 + at)

/** Of those the ones at which this client breaks off. */
export function refusedSegments(client: keyof typeof FLIGHT_PARSERS, flight: Buffer): number[] {
  return SEGMENTS.filter((size) => verdict(FLIGHT_PARSERS[client](), flight, size) !== 'accepted')
}

/** The verdict on a flight that arrives in segments of that size, each read alone: the worst that the kernel can do. */
function verdict(parser: FlightParser, flight: Buffer, segment: number): string {
  let result = 'more'
  for (let at = 0; at < flight.length && result === 'more'; at += segment) {
    result = parser.feed(flight.subarray(at, at + segment))
  }
  return result
}
