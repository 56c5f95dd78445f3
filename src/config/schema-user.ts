import { parseDomain } from './host-name.ts'
import { parseInstant } from './instant.ts'
import { parseCidr } from './ip.ts'
import { duration } from './schema-durations.ts'
import { quota } from './schema-quota.ts'
import { parseAdTag } from './schema-telegram.ts'
import { upstreamNames } from './schema-upstream.ts'
import { describe, list, oneOf, rate, table, tables, text, whole, word, yesNo } from './schema-values.ts'
import { parseUserSecret } from './secret-text.ts'

/** More networks of one user than this are a crowd; each takes a slot of shared memory. */
export const MAX_ADDRESSES = 1024

const NO_SECRET = 'needs 32 hexadecimal digits: make one with "portico secret"'

const OLD_SECRET = '{ secret = "…", until = 2027-01-31T12:00:00Z }'

const previous = describe(
  tables(
    table(
      {
        secret: describe(text(parseUserSecret, NO_SECRET), 'secret', 'The old key: 32 hexadecimal digits.'),
        until: describe(
          text(parseInstant),
          'time',
          'When it ends, with the sessions that came by it: `2027-01-31T12:00:00Z`.',
        ),
      },
      OLD_SECRET,
    ),
    OLD_SECRET,
  ).prefault([]),
  'tables',
  'Secrets that the user had before and that still work for a while.',
)

const rates = describe(
  table(
    {
      up: describe(rate('1 KiB/s').optional(), 'rate', 'Away from the user, over all sessions together.'),
      down: describe(rate('1 KiB/s').optional(), 'rate', 'To the user, over all sessions together.'),
    },
    '{ up = "1 MiB/s", down = "10 Mbit/s" }',
  ),
  'table',
  'How fast the user may be, as the user sees it. The sessions of one user share it fairly.',
)

const addresses = describe(
  table(
    {
      max: describe(whole(1, MAX_ADDRESSES), 'number', 'Most different networks within `window`.'),
      window: describe(
        duration({ min: '1s', max: '30d' }).prefault('10m'),
        'duration',
        'How long a network counts after its last session.',
      ),
      ipv4_prefix: describe(
        whole(8, 32).prefault(24),
        'number',
        'IPv4 addresses that share it count as one.',
      ),
      ipv6_prefix: describe(
        whole(16, 128).prefault(64),
        'number',
        'IPv6 addresses that share it count as one.',
      ),
      // biome-ignore lint/suspicious/noThenProperty: the key of the file is called so
      then: describe(
        oneOf(['refuse', 'report']).prefault('refuse'),
        'choice',
        'What happens to one network more: it sees the site, or is served and only counted and logged.',
      ),
    },
    '{ max = 3 }',
  ),
  'table',
  'From how many networks the user may come.',
)

/** What a plan can say for its users too. */
const shared = {
  enabled: describe(
    yesNo().prefault(true),
    'yes or no',
    'Whether the user may connect; who is disabled sees the site.',
  ),
  domain: describe(
    text(parseDomain).optional(),
    'domain',
    "This user's own name in the link: one of the sites, or a name one label under a `*.` site.",
  ),
  ad_tag: describe(
    text(parseAdTag).optional(),
    'ad tag',
    'The channel that these users are shown: 32 hexadecimal digits from @MTProxybot. They go by middle proxies.',
  ),
  expires: describe(
    text(parseInstant).optional(),
    'time',
    'When access ends, live sessions included: `2027-01-31T12:00:00Z`.',
  ),
  lifetime: describe(
    duration({ min: '1s', max: '100y' }).optional(),
    'duration',
    'How long access lasts from the first use.',
  ),
  quota: quota.optional(),
  rate: rates.optional(),
  sessions: describe(
    whole(1, 1_000_000).optional(),
    'number',
    'Most sessions at a time; one phone opens 8 to 20.',
  ),
  addresses: addresses.optional(),
  from: describe(
    list(text(parseCidr)).prefault([]),
    'list of networks',
    'From where the user may connect; empty: from anywhere.',
  ),
  upstream: describe(
    upstreamNames.optional(),
    'name or list',
    'The way to Telegram: names of `[[upstream]]`, or `direct`. It goes by no other.',
  ),
  note: describe(word({ empty: true }).optional(), 'text', 'A remark for you; never sent anywhere.'),
  tags: describe(list(word()).prefault([]), 'list', 'Words to group users by.'),
}

export const user = describe(
  table(
    {
      secret: describe(
        text(parseUserSecret, NO_SECRET),
        'secret',
        'The key: 32 hexadecimal digits. `portico secret` makes one, `portico link` shows the link.',
      ),
      previous,
      plan: describe(
        word().optional(),
        'name',
        'The plan whose keys stand in for those that this user does not have.',
      ),
      ...shared,
    },
    '[users.alice]',
  ),
  'table',
  'One user. The name is 1 to 64 of A–Z a–z 0–9 . _ @ + - and begins with a letter or digit.',
)

export const plan = describe(
  table(shared, '[plans.basic]'),
  'table',
  'Defaults for the users that name this plan. A key of the user replaces the whole key of the plan.',
)
