import { z } from 'zod'
import { parseListenAddress } from './address.ts'
import { parseCidr } from './ip.ts'
import { dns } from './schema-dns.ts'
import { duration, durationOr } from './schema-durations.ts'
import { front } from './schema-front.ts'
import { listen, listener, publicHost, publicPort } from './schema-listener.ts'
import { lists } from './schema-lists.ts'
import { publicAddresses } from './schema-public-addresses.ts'
import { telegram } from './schema-telegram.ts'
import { upstreams } from './schema-upstream.ts'
import { usage } from './schema-usage.ts'
import { plan, user } from './schema-user.ts'
import {
  describe,
  list,
  oneOf,
  size,
  table,
  tables,
  text,
  whole,
  wholeOr,
  word,
  yesNo,
} from './schema-values.ts'

/**
 * The one source of the configuration's types, defaults, errors, documentation and JSON Schema. Every key is
 * described where it is declared; docs/configuration.md and docs/config.schema.json are generated from here.
 */

const limits = describe(
  table({
    sessions: describe(
      whole(1, 10_000_000).optional(),
      'number',
      'Most sessions at a time; absent: what the descriptor limit allows. More than that is clamped with a warning.',
    ),
    per_address: describe(
      wholeOr('off', 1, 10_000_000).prefault('off'),
      'choice',
      'Most established sessions of one address (IPv6: of one /64) at a time, or `off`.',
    ),
    unauthenticated: describe(
      wholeOr('auto', 1, 10_000_000).prefault('auto'),
      'choice',
      'Most connections at a time whose hello is awaited or searched; beyond it the longest waiting is left to the site for good. `auto`: by the memory there is.',
    ),
    unauthenticated_per_address: describe(
      whole(1, 10_000_000).prefault(64),
      'number',
      'The same for one address (IPv6: for one /64). Users known from that address are still found.',
    ),
    search_hold: describe(
      duration({ min: '0s', max: '1s' }).prefault('500us'),
      'duration',
      "How long a front's finished answer may wait for the search of a user, where that is long enough to try all who are left; among more users it does not wait, and a newcomer is found at the second try.",
    ),
    idle: describe(
      duration({ min: '10s', max: '30d' }).prefault('10m'),
      'duration',
      'Established sessions without a byte in either direction end after this; never visitors of the site.',
    ),
    client_frame: describe(
      size('64 KiB').prefault('1 MiB'),
      'size',
      'The longest frame of a client that goes by a middle proxy; what is longer ends the session.',
    ),
    first_data: describe(
      durationOr('auto', { min: '1s', max: '1h' }).prefault('auto'),
      'duration',
      "How long a client may take for its first data behind a recorded answer of the front; `auto`: as long as the front was seen to wait. Behind a mirrored answer the front's own timer rules.",
    ),
    silence: describe(
      durationOr('off', { min: '1s', max: '1h' }).prefault('off'),
      'duration',
      'Ends a session whose client says nothing for so long after something went down to it; it comes back at once. A cure for iPhones that show "Updating…" after they were in the background. `off`, or a duration.',
    ),
  }),
  'table',
  'Limits of the whole server.',
)

const metrics = describe(
  table({
    listen: describe(
      text(parseListenAddress).optional(),
      'address',
      'Where Prometheus metrics and `/health/…` are served; absent: nowhere.',
    ),
    path: describe(
      text((value) =>
        /^\/[\x21-\x7e]*$/.test(value) && !/[?#]/.test(value)
          ? { ok: true, value }
          : { ok: false, message: `${JSON.stringify(value)} is not a path such as "/metrics"` },
      ).prefault('/metrics'),
      'path',
      'The path of the metrics.',
    ),
    per_user: describe(
      yesNo().prefault(false),
      'yes or no',
      'Whether there are metrics with the name of a user.',
    ),
    allow: describe(
      list(text(parseCidr)).prefault(['127.0.0.0/8', '::1/128']),
      'list of networks',
      'Who may read them.',
    ),
  }),
  'table',
  'Metrics for Prometheus, and health.',
)

const log = describe(
  table({
    level: describe(
      oneOf(['debug', 'info', 'warn', 'error']).prefault('info'),
      'choice',
      'The least important that is written.',
    ),
    format: describe(
      oneOf(['auto', 'json', 'pretty']).prefault('auto'),
      'choice',
      '`auto`: pretty on a terminal, else one JSON object a line.',
    ),
    file: describe(
      word().optional(),
      'file',
      'Write here and not to standard output; opened again at SIGHUP.',
    ),
    addresses: describe(
      yesNo().prefault(false),
      'yes or no',
      'Whether whole client addresses are logged; otherwise their network only.',
    ),
  }),
  'table',
  'What is logged. A secret never is.',
)

const replay = describe(
  table({
    capacity: describe(
      wholeOr('auto', 1000, 100_000_000).prefault('auto'),
      'choice',
      'How many hellos are remembered, and as many inits of clients without FakeTLS, from whenever they are: 13 bytes of memory each, 24 on disk. `auto`: by the memory there is, 250,000 or 1,250,000. When more have come, a copy of one that was forgotten for a newer one would be let in; how many were is counted in `portico_replays_forgotten_total`.',
    ),
  }),
  'table',
  'The memory of hellos that were let in, so that no copy is.',
)

const state = describe(
  table({
    dir: describe(word().prefault('state'), 'folder', 'Where portico keeps what it must not forget.'),
  }),
  'table',
  'State on disk.',
)

const processTable = describe(
  table({
    workers: describe(
      wholeOr('auto', 1, 256).prefault('auto'),
      'choice',
      '`auto`: one a core, honouring cgroup limits; one where memory is 1 GB or less. Or a number.',
    ),
    drain: describe(
      duration({ min: '0s', max: '1h' }).prefault('3s'),
      'duration',
      'How long sessions may go on after SIGTERM.',
    ),
  }),
  'table',
  'The process.',
)

export const schema = z.strictObject(
  {
    listen: describe(
      listen.optional(),
      'address',
      'Where to listen: port (both families), `ip:port`, `unix:/path`, or a list of these. Short form of `[[listener]]`; without either, `"443"`.',
    ),
    public_host: describe(
      publicHost(),
      'host',
      '`server=` in links. Absent: the domain if it resolves to this host, else the public address.',
    ),
    public_port: describe(publicPort(), 'port', 'The port in links. Absent: that of the first listener.'),
    public_addresses: publicAddresses,
    users_file: describe(
      word().optional(),
      'file',
      'A second file with `[users.NAME]` tables, for programs to write.',
    ),
    listener: describe(
      tables(listener, '[[listener]]').prefault([]),
      'tables',
      'Listeners with more than an address.',
    ),
    front,
    users: describe(
      z.record(z.string(), user, { error: 'expected tables such as [users.alice]' }).prefault({}),
      'tables',
      'The users, `[users.NAME]`.',
    ),
    plans: describe(
      z.record(z.string(), plan, { error: 'expected tables such as [plans.basic]' }).prefault({}),
      'tables',
      'Defaults for users, `[plans.NAME]`.',
    ),
    maintenance: describe(
      yesNo().prefault(false),
      'yes or no',
      'While true, new sessions see the site; live ones go on.',
    ),
    usage: usage.prefault({}),
    limits: limits.prefault({}),
    telegram: telegram.prefault({}),
    upstream: upstreams,
    dns: dns.prefault({}),
    lists: lists.prefault({}),
    replay: replay.prefault({}),
    metrics: metrics.prefault({}),
    log: log.prefault({}),
    state: state.prefault({}),
    process: processTable.prefault({}),
  },
  { error: 'expected tables and keys' },
)

type Output = z.output<typeof schema>
export type User = Output['users'][string]
export type Listener = Output['listener'][number]

/**
 * The loaded configuration: keys as spelled in the file; durations in milliseconds, sizes in bytes, addresses as
 * `Endpoint`, paths absolute. `listen` has been merged into `listener`. Structured-cloneable.
 */
export type Config = Omit<Output, 'listen'> & {
  /** Absolute path of the file it was read from. */
  readonly file: string
  /** The folder of that file; relative paths in it start here. */
  readonly dir: string
}
