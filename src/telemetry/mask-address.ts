const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/
const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i
const IPV6 = /^[0-9a-f:]+(?:\d{1,3}(?:\.\d{1,3}){3})?$/i

/**
 * A client's address as it may stand in a log: its network (/24, /48), or all of it if the operator asked for that
 * (`log.addresses`). IPv4 in IPv6 is shown as IPv4. A unix socket has none; what is no address is not repeated.
 */
export function maskAddress(address: string | undefined, full: boolean): string {
  if (address === undefined || address === '') return 'unix'
  const plain = MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '')
  const octets = IPV4.exec(plain)
  if (octets) return full ? plain : `${octets[1]}.${octets[2]}.${octets[3]}.0/24`
  if (!plain.includes(':') || !IPV6.test(plain)) return 'unknown'
  return full ? plain : networkOf(plain)
}

function networkOf(address: string): string {
  const groups = leadingGroups(address).map((group) => Number.parseInt(group, 16).toString(16))
  while (groups.at(-1) === '0') groups.pop()
  return `${groups.join(':')}::/48`
}

/** The first three of the eight groups, `::` written out. */
function leadingGroups(address: string): string[] {
  const [head = '', tail] = address.split('::', 2)
  const before = head === '' ? [] : head.split(':')
  if (tail === undefined) return before.slice(0, 3)
  const after = tail === '' ? [] : tail.split(':')
  // A dotted quad at the end stands for two groups.
  const width = after.length + (tail.includes('.') ? 1 : 0)
  const zeros = Array<string>(Math.max(0, 8 - before.length - width)).fill('0')
  return [...before, ...zeros, ...after].slice(0, 3)
}
