import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** State of a listening socket in /proc/net/tcp (Linux include/net/tcp_states.h). */
const LISTEN = '0A'

/** `nginx (pid 812)`: who listens on a TCP port of this host; undefined where that cannot be seen. */
export function portHolder(port: number, proc = '/proc'): string | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeningInodes(join(proc, 'net', table), port)))
  if (inodes.size === 0) return undefined
  const pid = names(proc).find((name) => /^\d+$/.test(name) && holdsOne(join(proc, name, 'fd'), inodes))
  return pid === undefined ? undefined : `${commandOf(join(proc, pid, 'comm'))} (pid ${pid})`
}

function listeningInodes(table: string, port: number): string[] {
  return textOf(table)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', , state]) =>
        state === LISTEN && Number.parseInt(local.split(':')[1] ?? '', 16) === port,
    )
    .flatMap((fields) => fields[9] ?? [])
}

/** Descriptors of other users' processes cannot be read; those are passed over. */
function holdsOne(descriptors: string, inodes: ReadonlySet<string>): boolean {
  return names(descriptors).some((name) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(join(descriptors, name)))?.[1]
    return inode !== undefined && inodes.has(inode)
  })
}

function commandOf(path: string): string {
  return textOf(path).trim() || 'a program'
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
