import type { Busy } from '../../load/jobs/busy.ts'
import { whyIdle } from '../layers/busy-users.ts'
import type { ProbeResult } from '../layers/probes.ts'
import { table } from './figures.ts'

export function probeSection({ rows, rounds, users = 1, busy, differences }: ProbeResult): string {
  const conditions = [
    `${rows} rows`,
    counted(rounds, 'round'),
    counted(users, 'user'),
    ...(busy ? [counted(busy.sessions, 'busy session')] : []),
  ]
  const found = differences.length === 0 ? 'none differs' : `${differences.length} differ`
  const list = differences.map(({ probe, direct, portico }) => [probe, direct, portico])
  return [
    '### Probe matrix',
    `${conditions.join(', ')}: ${found}.`,
    ...(busy ? [busyLine(busy)] : []),
    table(['Row', 'front', 'portico'], list),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function busyLine(busy: Busy): string {
  const { sessions, alive, messages, bytes, seconds, quiet } = busy
  const megabytes = (bytes / 1e6).toFixed(0)
  const why = whyIdle(busy)
  return [
    ...(why.length > 0 ? [`**Void**: ${why.join('; ')}.`] : []),
    `Meanwhile ${alive} of ${sessions} busy sessions lived for ${seconds.toFixed(0)} s, had ${messages.toLocaleString('en')} messages answered`,
    `and ${megabytes} MB sent to them; none was without a byte for longer than ${(quiet / 1000).toFixed(1)} s.`,
  ].join(' ')
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
}
