import { complement } from './complement.ts'
import type { Draft } from './draft.ts'
import { expiry } from './mtg-multi.ts'
import { type At, isTable, type Rule, type Rules } from './rules.ts'
import { asNumber, asText, bitRateOf, number, sizeOf, text, texts, yesNo } from './values.ts'
import { carried, changed, dropped } from './verdict.ts'

const nameOf = ({ path }: At) => String(path[2])

function each(
  apply: (most: number, user: string, at: At) => ReturnType<Draft['putUser']>,
  key: string,
): Rules {
  return {
    [`access.${key}.*`]: number((most, at) =>
      most === 0 ? dropped('0 means no limit') : apply(most, nameOf(at), at),
    ),
    [`access.${key}_global_each`]: number((most, at) => {
      if (most === 0) return dropped('0 means no limit')
      const own = at.get(`access.${key}`)
      const others = at.draft.userNames.filter((name) => !isTable(own) || !Object.hasOwn(own, name))
      for (const name of others) apply(most, name, at)
      return carried('users.*', 'written for every user')
    }),
  }
}

const WINDOWS: Readonly<Record<string, string>> = {
  active_window: 'as long as it has a session',
  time_window: 'within the window',
  combined: 'as long as it has a session, and within the window after it',
}

/** telemt counts single addresses; IPv6 by /64 is what a phone is. */
function addresses(most: number, user: string, at: At) {
  const mode = asText(at.get('access.user_max_unique_ips_mode')) ?? 'active_window'
  const seconds = asNumber(at.get('access.user_max_unique_ips_window_secs')) ?? 30
  const window = mode === 'active_window' ? '1s' : `${Math.max(seconds, 1)}s`
  return at.draft.putUser(user, 'addresses', { max: most, window, ipv4_prefix: 32 }, 'IPv6 is counted by /64')
}

const windowed: Rule = (value, { draft }) => {
  const how = WINDOWS[asText(value) ?? ''] ?? 'how long an address counts after its last session'
  return draft.userNames.length === 0
    ? dropped('there are no users')
    : changed(how, 'users.*.addresses.window')
}

const rates: Rule = (value, at) => {
  if (!isTable(value)) return dropped('expected a table')
  const [up, down] = [asNumber(value.up_bps), asNumber(value.down_bps)]
  const rate = {
    ...(up === undefined || up === 0 ? {} : { up: bitRateOf(up) }),
    ...(down === undefined || down === 0 ? {} : { down: bitRateOf(down) }),
  }
  return Object.keys(rate).length === 0
    ? dropped('0 means no limit')
    : at.draft.putUser(nameOf(at), 'rate', rate)
}

export const TELEMT_ACCESS: Rules = {
  'access.users.*': text((secret, at) => at.draft.addUser(nameOf(at), secret)),
  'access.user_enabled.*': yesNo((on, at) => at.draft.putUser(nameOf(at), 'enabled', on)),
  'access.user_ad_tags.*': text((tag, at) => at.draft.putUser(nameOf(at), 'ad_tag', tag)),
  ...each((most, user, { draft }) => draft.putUser(user, 'sessions', most), 'user_max_tcp_conns'),
  'access.user_expirations.*': expiry((path) => String(path[2])),
  'access.user_data_quota.*': number((bytes, at) => {
    if (bytes === 0) return dropped('0 means no quota')
    return at.draft.putUser(
      nameOf(at),
      'quota',
      { bytes: sizeOf(bytes), period: 'never' },
      'what was used so far is not counted',
    )
  }),
  ...each(addresses, 'user_max_unique_ips'),
  'access.user_max_unique_ips_mode': windowed,
  'access.user_max_unique_ips_window_secs': windowed,
  'access.user_rate_limits.*': rates,
  'access.cidr_rate_limits.*': 'rates are by user here: users.NAME.rate',
  'access.user_source_deny.*': texts((networks, at) => {
    const others = complement(networks)
    if (others === undefined) return dropped('not networks')
    return at.draft.putUser(nameOf(at), 'from', others, 'every network but these')
  }),
  'access.replay_check_len': 'not needed here: the memory of replays is exact and sized by itself',
  'access.replay_window_secs':
    'not needed here: a hello is remembered as long as there is room, not for a time',
  'access.ignore_time_skew': yesNo((on, { draft }) =>
    on ? draft.put('front.clock_skew', '1d', 'a day is the most') : carried('front.clock_skew'),
  ),
}
