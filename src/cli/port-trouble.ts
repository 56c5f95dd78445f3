import type { Config } from '../config/schema.ts'
import type { ListenTrial } from '../net/try-listen.ts'
import { EXIT } from './exit-codes.ts'

export interface PortProbes {
  tryListen(host: string, port: number): Promise<ListenTrial>
  portHolder(port: number): string | undefined
}

/** Who has the port, in words; processes of other users are visible to root only. */
export function holderText(port: number, { portHolder }: Pick<PortProbes, 'portHolder'>): string {
  return portHolder(port) ?? 'another program (root can see which: ss -ltnp)'
}

/** The line that lets a program without root listen on `port`. */
export function permissionRemedy(port: number, executable: string): string {
  return [
    'As root, once:',
    `  echo net.ipv4.ip_unprivileged_port_start=${port} > /etc/sysctl.d/50-portico.conf && sysctl --system`,
    `or for this Node alone: setcap cap_net_bind_service=+ep ${executable}`,
  ].join('\n')
}

/** Why a listener cannot be bound and what to do, with the exit code; undefined where all could be. */
export async function portTrouble(
  config: Config,
  probes: PortProbes,
  executable: string,
): Promise<{ text: string; exitCode: number } | undefined> {
  for (const { address } of config.listener) {
    if (address.kind !== 'tcp') continue
    const { host, port } = address
    const trial = await probes.tryListen(host, port)
    if (trial === 'taken') {
      return { text: `Port ${port} is taken by ${holderText(port, probes)}.`, exitCode: EXIT.unavailable }
    }
    if (trial === 'forbidden') {
      const text = `No permission to listen on port ${port}. ${permissionRemedy(port, executable)}`
      return { text, exitCode: EXIT.permission }
    }
    if (trial === 'absent') return { text: `This host has no address ${host}.`, exitCode: EXIT.unavailable }
  }
  return undefined
}
