import { frontDefaults, MTG_USER, SHARED, secretWithName } from './mtg.ts'
import type { Peer } from './peer.ts'
import type { Apply, Rule, Rules } from './rules.ts'
import { bytesOf, instantOf, sizeOf, text, yesNo } from './values.ts'
import { carried, changed, dropped } from './verdict.ts'

const nameOf = (path: readonly (string | number)[]) => String(path[1])

const quota: Rule = (value, { draft, path, get }) => {
  const bytes = bytesOf(value, true)
  if (bytes === undefined) return dropped('not a size such as "10GB"')
  if (bytes === 0) return dropped('0 means no quota')
  const isMonthly = get(['secret-limits', nameOf(path), 'quota-reset']) === 'monthly'
  return draft.putUser(nameOf(path), 'quota', { bytes: sizeOf(bytes), period: isMonthly ? 'month' : 'never' })
}

const quotaReset: Rule = text((value, { draft, path, get }) => {
  if (value !== 'none' && value !== 'monthly') return dropped('neither "none" nor "monthly"')
  if (get(['secret-limits', nameOf(path), 'quota']) === undefined) return dropped('there is no quota')
  return draft.userNames.includes(nameOf(path))
    ? carried('users.*.quota.period')
    : dropped('its user was not carried')
})

export const expiry =
  (name: (path: readonly (string | number)[]) => string): Apply =>
  (value, { draft, path }) => {
    const read = instantOf(value)
    if (read === undefined) return dropped('not a time')
    return draft.putUser(name(path), 'expires', read.instant, read.assumed ? 'taken as UTC' : undefined)
  }

const OWN: Rules = {
  secret: text((value, at) => secretWithName(value, MTG_USER, at)),
  'secrets.*': text((value, at) => secretWithName(value, nameOf(at.path), at)),
  'ad-tag': text((value, { draft }) => draft.put('telegram.ad_tag', value)),
  'secret-ad-tags.*': text((value, { draft, path }) => draft.putUser(nameOf(path), 'ad_tag', value)),
  'secret-limits.*.quota': quota,
  'secret-limits.*.quota-reset': quotaReset,
  'secret-limits.*.expires': expiry(nameOf),
  'secret-limits.*.disabled': yesNo((disabled, { draft, path }) =>
    draft.putUser(nameOf(path), 'enabled', !disabled),
  ),
  'usage-state-file': 'usage begins anew: portico keeps its own in the state folder',
  'api-bind-to': text((value, { draft }) =>
    draft.put('control.listen', value, 'another API, with its own paths'),
  ),
  'api-token': 'portico makes tokens of its own',
  'throttle.max-connections': 'there is no fair share: limits.sessions is for all, "sessions" for each user',
  'throttle.check-interval': 'there is no fair share',
  'domain-fronting.host': (_value, { draft }) =>
    draft.domains.length === 0 ? dropped('there is no site') : carried('front.address'),
  'network.tcp-not-sent-lowat': 'the runtime cannot set it; memory is bounded by back-pressure',
}

export const mtgMulti: Peer = {
  kind: 'mtg-multi',
  rules: { ...OWN, ...SHARED },
  defaults: (source, draft) => [
    ...frontDefaults(source, draft),
    ...(draft.userNames.length > 1 && draft.domains.length > 1
      ? [{ key: 'secrets', ...changed('each name of a secret is a site of its own', 'front.site') }]
      : []),
  ],
}
