import type { Labels, Metric } from './metric.ts'

export const MODES = ['tls', 'secure', 'classic'] as const
export const FAMILIES = ['ipv4', 'ipv6', 'unix'] as const
export const DATA_CENTRES = ['1', '2', '3', '4', '5', '203', 'test1', 'test2', 'test3', 'other'] as const
/** Why a connection to a middle proxy did not become ready, or ended. */
const MIDDLE_FAILURES = [
  'timeout',
  'reset',
  'closed',
  'clock',
  'nonce_refused',
  'keys_refused',
  'handshake',
  'protocol',
  'silent',
] as const
/** How it became ready, or did not. */
const MIDDLE_RESULTS = ['ok', 'dial', ...MIDDLE_FAILURES] as const
export const ROADS = ['direct', 'middle', 'socks5', 'socks4', 'http', 'shadowsocks'] as const
export const DIAL_RESULTS = [
  'ok',
  'refused',
  'timeout',
  'unreachable',
  'reset',
  'error',
  'auth',
  'forbidden',
  'protocol',
] as const

/** `slow`: another was faster although this one had its time. */
export const UPSTREAM_DIAL_RESULTS = [...DIAL_RESULTS, 'slow'] as const

/** What became of a question of our own. */
export const PROBE_RESULTS = [...DIAL_RESULTS, 'no_answer', 'closed', 'wrong_answer'] as const

export type Mode = (typeof MODES)[number]
export type DataCentreLabel = (typeof DATA_CENTRES)[number]
export type Road = (typeof ROADS)[number]
export type DialResult = (typeof DIAL_RESULTS)[number]

const TEST_OFFSET = 10_000

/** The label of the number that a client wrote (i16): a sign means media only, 10,000 a test data centre. */
export function dataCentreLabel(dc: number): DataCentreLabel {
  const n = Math.abs(dc)
  const label = n > TEST_OFFSET ? `test${n - TEST_OFFSET}` : String(n)
  return DATA_CENTRES.find((known) => known === label) ?? 'other'
}

function counter<const L extends Labels>(name: string, help: string, ...labels: L): Metric<'counter', L> {
  return { name, help, type: 'counter', labels }
}

function gauge<const L extends Labels>(name: string, help: string, ...labels: L): Metric<'gauge', L> {
  return { name, help, type: 'gauge', labels }
}

function histogram<const L extends Labels>(name: string, help: string, ...labels: L): Metric<'histogram', L> {
  return { name, help, type: 'histogram', labels }
}

/** Every metric, by the name of its instrument: the metric's own name without prefix and `_total`. */
export const CATALOGUE = {
  sessions: gauge(
    'sessions',
    'Established sessions: clients that are being relayed to Telegram.',
    ['mode', MODES],
    ['family', FAMILIES],
  ),
  // A gauge of that name exists, so the counter keeps its suffix here.
  sessionsTotal: counter(
    'sessions_total',
    'Sessions that have ended, by how: `ok` and `reset` by one of the two sides, `drained` with portico, `no_road` and `unknown_dc` before Telegram was reached, all others by the limit or the fault of that name.',
    ['mode', MODES],
    [
      'result',
      [
        'ok',
        'reset',
        'idle',
        'silence',
        'bad_record',
        'bad_frame',
        'slow',
        'middle_lost',
        'quota',
        'expired',
        'revoked',
        'listed',
        'no_road',
        'unknown_dc',
        'drained',
      ],
    ],
  ),
  handshakes: counter(
    'handshakes_total',
    'What clients said first, by what became of it: `ok` was answered; `clock`, `replay`, `unmirrorable` and those that begin with `refused` had a valid secret and stayed with the site all the same; all others are strangers, or left before they were known.',
    [
      'result',
      [
        'ok',
        'bad_digest',
        'unknown_sni',
        'replay',
        'clock',
        'not_tls',
        'not_searchable',
        'too_long',
        'unauthenticated',
        'refused_maintenance',
        'refused_disabled',
        'refused_expired',
        'refused_from',
        'refused_quota',
        'refused_sessions',
        'refused_per_address',
        'refused_user_sessions',
        'refused_addresses',
        'unmirrorable',
        'front_down',
        'client_gone',
      ],
    ],
  ),
  handshakeSeconds: histogram(
    'handshake_seconds',
    'From the accept of an authentic client to the answer on the wire.',
  ),
  firstData: counter(
    'first_data_total',
    'What followed our answers: `ok` an init of that user, `junk` something else, `end` nothing before the client ended or was cut off, `front_ended` nothing before the front lost patience.',
    ['result', ['ok', 'junk', 'end', 'front_ended']],
  ),
  answers: counter(
    'answers_total',
    "Answers to authentic hellos: `mirror` is the front's own for that hello, `merged` the same with its encrypted records made one, `profile` one that was recorded.",
    ['flight', ['mirror', 'merged', 'profile']],
  ),
  frontConnections: gauge('front_connections', 'Open connections to the front.'),
  frontConnectionsTotal: counter(
    'front_connections_total',
    'Connections that were left to the front, by why: `refused` by a limit or a list, `first_data` because nothing valid followed our answer, `no_road` because Telegram was not reached, `other` before it was known who came.',
    [
      'reason',
      [
        'not_tls',
        'bad_digest',
        'unknown_sni',
        'replay',
        'clock',
        'refused',
        'unmirrorable',
        'first_data',
        'no_road',
        'other',
      ],
    ],
  ),
  frontDials: counter('front_dials_total', 'Dials to the front, by result.', ['result', DIAL_RESULTS]),
  frontDialSeconds: histogram('front_dial_seconds', 'Time to connect to the front.'),
  frontMerged: counter(
    'front_merged_total',
    'Answers whose encrypted records were merged into one for a client that takes no more.',
  ),
  frontUnmirrorable: counter(
    'front_unmirrorable_total',
    'Authentic hellos for which the front had no answer that could be mirrored, by why; `no_profile`: the answer was to be a recorded one (`front.answer`), and none was known that fits.',
    [
      'code',
      [
        'no_profile',
        'alert',
        'not_tls',
        'tls12',
        'hello_retry_request',
        'too_long',
        'malformed',
        'unexpected_record',
        'ended',
        'silent',
        'other',
      ],
    ],
  ),
  frontFlightMismatch: counter(
    'front_flight_mismatch_total',
    'Answers of the front with another number of encrypted records than was learned at the start.',
  ),
  telegramConnections: gauge(
    'telegram_connections',
    'Open connections to Telegram, by data centre and kind of way.',
    ['dc', DATA_CENTRES],
    ['via', ROADS],
  ),
  telegramDials: counter(
    'telegram_dials_total',
    'Dials to Telegram, by data centre, kind of way and result.',
    ['dc', DATA_CENTRES],
    ['via', ROADS],
    ['result', DIAL_RESULTS],
  ),
  telegramDialSeconds: histogram('telegram_dial_seconds', 'Time to connect to Telegram.', [
    'dc',
    DATA_CENTRES,
  ]),
  telegramProbes: counter(
    'telegram_probes_total',
    'Questions of our own (req_pq) to data centres and middle proxies in use, by result.',
    ['dc', DATA_CENTRES],
    ['via', ROADS],
    ['result', PROBE_RESULTS],
  ),
  telegramProbeSeconds: histogram(
    'telegram_probe_seconds',
    'From a question of our own to its answer, without the time to connect.',
    ['dc', DATA_CENTRES],
    ['via', ROADS],
  ),
  telegramWarmConnections: gauge(
    'telegram_warm_connections',
    'Connections to Telegram that wait for a session.',
    ['dc', DATA_CENTRES],
  ),
  // A gauge of that name exists, so the counter keeps its suffix here.
  telegramWarmConnectionsTotal: counter(
    'telegram_warm_connections_total',
    'What became of connections that waited: used by a session, too old, or ended by the other side.',
    ['dc', DATA_CENTRES],
    ['result', ['used', 'expired', 'lost']],
  ),
  middleHandshakes: counter(
    'middle_handshakes_total',
    'Connections to middle proxies that were to be made ready, by result.',
    ['dc', DATA_CENTRES],
    ['result', MIDDLE_RESULTS],
  ),
  middleHandshakeSeconds: histogram(
    'middle_handshake_seconds',
    'From the dial of a middle proxy to a connection that is ready for clients.',
    ['dc', DATA_CENTRES],
  ),
  middleConnectionsLost: counter(
    'middle_connections_lost_total',
    'Connections to middle proxies that had been ready and ended, by why.',
    ['dc', DATA_CENTRES],
    ['reason', MIDDLE_FAILURES],
  ),
  middleFallbacks: counter(
    'middle_fallbacks_total',
    'Sessions that went to the data centre itself because no middle proxy answered; a tagged one is not shown its ad.',
    ['kind', ['tagged', 'untagged']],
  ),
  middleOddCalls: counter(
    'middle_odd_calls_total',
    'Calls of middle proxies that made no sense here, by why.',
    ['kind', ['unknown_client', 'unknown_call', 'malformed']],
  ),
  middleMessagesDropped: counter(
    'middle_messages_dropped_total',
    'Messages of clients that no middle proxy would take.',
  ),
  middleWaitingBytes: gauge(
    'middle_waiting_bytes',
    'Answers of middle proxies that wait for clients who do not take them.',
  ),
  bytes: counter(
    'bytes_total',
    'Bytes on the wire: up is away from the client, down towards it; side is whom they were exchanged with.',
    ['direction', ['up', 'down']],
    ['side', ['client', 'telegram', 'front']],
  ),
  dnsLookups: counter(
    'dns_lookups_total',
    'Names that were to be dialled, by how their addresses were found: `cached` and `ok` (asked for), `stale` from an old answer because nobody gave a new one, `none` where there are none, `failed` where nobody answered.',
    ['result', ['cached', 'ok', 'none', 'stale', 'failed']],
  ),
  replays: counter(
    'replays_total',
    'Authentic hellos that had been seen before; who sends one meets the site.',
  ),
  initsForgotten: counter(
    'inits_forgotten_total',
    'Inits of clients without FakeTLS that were forgotten to remember newer ones: copies of them would be let in.',
  ),
  replaysForgotten: counter(
    'replays_forgotten_total',
    'Authentic hellos that were forgotten to remember newer ones: copies of them would be let in.',
  ),
  refused: counter(
    'refused_total',
    'Clients that were refused, by the rule that refused them: `descriptors` were reset at accept because the process may open no more files, `unauthenticated` were left to the site because too many hellos were awaited, and all others had proved a secret.',
    [
      'reason',
      [
        'maintenance',
        'disabled',
        'expired',
        'from',
        'quota',
        'sessions',
        'per_address',
        'user_sessions',
        'addresses',
        'descriptors',
        'unauthenticated',
      ],
    ],
  ),
  quotaExceeded: counter(
    'quota_exceeded_total',
    'Quotas that were used up, once in each period of each user.',
  ),
  addressesExceeded: counter(
    'addresses_exceeded_total',
    'Sessions from one network more than their user may have, refused or only reported.',
  ),
  probes: counter(
    'probes_total',
    'Strangers, by what they spoke: `bad_digest` a whole hello that no secret of ours made, as every browser does, `tls` any other TLS, `proxy` a PROXY header, `scanner` another protocol that nobody speaks to a web site, `replay` and `clock` a hello of a user that came before or is too old.',
    [
      'class',
      [
        'bad_digest',
        'tls',
        'http',
        'http2',
        'ssh',
        'socks',
        'proxy',
        'scanner',
        'replay',
        'clock',
        'silent',
        'other',
      ],
    ],
  ),
  heldBytes: gauge('held_bytes', 'Bytes held for peers that take them more slowly than they come.'),
  descriptors: gauge(
    'descriptors',
    'File descriptors that connections have; `refused_total` counts those who came when there was none left.',
  ),
  localPorts: gauge(
    'local_ports',
    'Connections to the one address (or from the one bound address) that has most of them; a system gives about 28,000 ports to each.',
  ),
  proxyHeaders: counter(
    'proxy_headers_total',
    'Connections of listeners that expect a PROXY header, by what came of it.',
    ['result', ['v1', 'v2', 'local', 'missing', 'malformed', 'too_long', 'timeout', 'gone', 'not_trusted']],
  ),
  staticReads: {
    ...gauge(
      'static_reads',
      '1 where accepted sockets are read into one shared buffer, 0 where the runtime does not let us, which costs memory and time at each read.',
    ),
    perWorker: true,
  },
  eventLoopDelaySeconds: {
    name: 'event_loop_delay_seconds',
    help: 'How late the event loop of a worker is: median, 99th percentile and maximum of the last interval.',
    type: 'summary',
    labels: [],
    perWorker: true,
  },
  stateErrors: counter(
    'state_errors_total',
    'Failures to keep on disk what must outlive the process: usage of the users, hellos that were let in.',
    ['kind', ['usage', 'replay']],
  ),
  stateDegraded: gauge(
    'state_degraded',
    'Above 0 while usage, or hellos that were let in, are kept in memory only, because the disk does not take them.',
    ['kind', ['usage', 'replay']],
  ),
  configReloads: counter(
    'config_reloads_total',
    'Readings of a changed configuration, by what came of them.',
    ['result', ['applied', 'unchanged', 'refused']],
  ),
  workerRestarts: counter('worker_restarts_total', 'Workers that died and were replaced.'),
} as const satisfies Record<string, Metric>

export type Catalogue = typeof CATALOGUE
export type MetricKey = keyof Catalogue

/** The union of the values of one label, e.g. `LabelValue<'handshakes', 'result'>`. */
export type LabelValue<K extends MetricKey, N extends string> =
  Extract<Catalogue[K]['labels'][number], readonly [N, ...unknown[]]> extends readonly [
    N,
    infer V extends readonly string[],
  ]
    ? V[number]
    : never

export type HandshakeResult = LabelValue<'handshakes', 'result'>
export type FrontReason = LabelValue<'frontConnectionsTotal', 'reason'>
export type ProbeClass = LabelValue<'probes', 'class'>
