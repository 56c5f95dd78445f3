import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/** The MTU of each interface of this host that has an address and is not loopback; nothing where the system does not tell. */
export function interfaceMtus(): { readonly name: string; readonly mtu: number }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    if (addresses === undefined || addresses.every(({ internal }) => internal)) return []
    const mtu = readMtu(name)
    return mtu === undefined ? [] : [{ name, mtu }]
  })
}

function readMtu(name: string): number | undefined {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'))
    return Number.isInteger(mtu) && mtu > 0 ? mtu : undefined
  } catch {
    // No Linux, or no sysfs in this container.
    return undefined
  }
}
