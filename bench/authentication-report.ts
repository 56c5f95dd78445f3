import { figure, table } from './table.ts'
import type { Authentication } from './workloads/authentication.ts'

export function authenticationTables({ candidate, crowds, browsing, attack }: Authentication): string[] {
  const notes = [`One candidate costs ${figure(candidate)} µs here.`]
  if (attack !== undefined) notes.push(`The attacker sent ${figure(attack)} hellos a second.`)
  const failed = crowds
    .filter((crowd) => crowd.failed > 0)
    .map(({ what, failed: n, failure }) => `- ${what}: ${n} failed (${failure})`)
  return [
    notes.join(' '),
    table(
      [
        'Clients',
        'users',
        'CPU µs a client',
        'in at once',
        'later',
        'never',
        'answer p50 ms',
        'p90 ms',
        'wait of the later p50 s',
        'longest s',
        'longest stretch of a loop ms',
      ],
      crowds.map(({ what, users, cpu, stretch, entrance }) => [
        what,
        String(users),
        figure(cpu),
        `${figure((100 * entrance.atOnce) / entrance.clients)} %`,
        String(entrance.later),
        String(entrance.never),
        figure(entrance.answerP50),
        figure(entrance.answerP90),
        figure(entrance.waitP50 / 1000),
        figure(entrance.waitMost / 1000),
        figure(stretch),
      ]),
    ),
    table(
      ['A stranger waits for the site', 'p50 ms', 'p90 ms'],
      browsing.map(({ users, p50, p90 }) => [`${users} users`, figure(p50), figure(p90)]),
    ),
    failed.length === 0 ? '' : `**Failed:**\n${failed.join('\n')}`,
  ]
}
