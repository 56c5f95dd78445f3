import { UPSTREAM_DIAL_RESULTS } from './catalogue.ts'

/** A metric of which it is known at run time only which series there are. */
export interface RunTimeMetric {
  /** Without the prefix. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** With their values, or what these are. */
  readonly labels: readonly (readonly [name: string, values: readonly string[] | string])[]
  /** Absent: always. */
  readonly shownWith?: string
}

/** The label of what all `only` lists refuse together. */
export const NOT_AMONG_ONLY_LABEL = 'only'

const PER_USER = '`metrics.per_user`'
const LISTS = '`[lists]`'
const user = ['user', 'the name'] as const
const upstream = ['upstream', 'the name, or direct'] as const
const list = ['list', 'the end of its URL or path'] as const

/** Every one; who makes the samples takes name and help from here. */
export const RUN_TIME_METRICS = {
  clientHellos: {
    name: 'client_hellos_total',
    help: 'Hellos with a valid secret by their JA4 fingerprint, by which filters tell clients apart; beyond a hundred kinds as other.',
    type: 'counter',
    labels: [['ja4', 'the fingerprint, or other']],
  },
  userAnswers: {
    name: 'user_answers_total',
    help: 'Answers to a user that were followed by first data, and by nothing: many of the latter mean that somebody on the way drops what follows the handshake.',
    type: 'counter',
    labels: [user, ['first_data', ['ok', 'none']]],
    shownWith: PER_USER,
  },
  userBytes: {
    name: 'user_bytes_total',
    help: 'Payload bytes of a user: up is away from the client, down towards it.',
    type: 'counter',
    labels: [user, ['direction', ['up', 'down']]],
    shownWith: PER_USER,
  },
  upstreamDials: {
    name: 'upstream_dials_total',
    help: 'Attempts to connect by an upstream, by result; slow: another was faster although this one had its time.',
    type: 'counter',
    labels: [upstream, ['result', UPSTREAM_DIAL_RESULTS]],
  },
  upstreamDialSeconds: {
    name: 'upstream_dial_seconds_total',
    help: 'Time that the attempts by an upstream that succeeded took together.',
    type: 'counter',
    labels: [upstream],
  },
  ipListEntries: {
    name: 'ip_list_entries',
    help: 'Networks of a list of addresses.',
    type: 'gauge',
    labels: [list],
    shownWith: LISTS,
  },
  ipListAge: {
    name: 'ip_list_age_seconds',
    help: 'Since a list was last known to be current (a file: since it was changed); infinite if it was never read.',
    type: 'gauge',
    labels: [list],
    shownWith: LISTS,
  },
  ipListHits: {
    name: 'ip_list_hits_total',
    help: `Connections refused by a list; "${NOT_AMONG_ONLY_LABEL}": by being on none of those that may come.`,
    type: 'counter',
    labels: [list],
    shownWith: LISTS,
  },
  buildInfo: {
    name: 'build_info',
    help: 'Always 1; the labels say what is running.',
    type: 'gauge',
    labels: [
      ['version', 'of portico'],
      ['node', 'of the runtime'],
    ],
  },
} as const satisfies Record<string, RunTimeMetric>
