import { object, or } from '@optique/core/constructs'
import { message, text } from '@optique/core/message'
import { map, multiple, optional, withDefault } from '@optique/core/modifiers'
import { argument, command, constant, flag, option } from '@optique/core/primitives'
import { choice, integer, string, type ValueParser } from '@optique/core/valueparser'
import { parseDuration } from '../../config/duration.ts'

/** A time span as the configuration writes it, in milliseconds. */
function span(): ValueParser<'sync', number> {
  return {
    mode: 'sync',
    metavar: 'DURATION',
    placeholder: 0,
    parse(value) {
      const parsed = parseDuration(value)
      return parsed.ok
        ? { success: true, value: parsed.value }
        : { success: false, error: message`${text(parsed.message)}` }
    },
    format: (value) => `${value}ms`,
  }
}

const config = () =>
  optional(option('--config', string({ metavar: 'FILE' }), { description: message`The configuration.` }))
const json = () =>
  map(optional(flag('--json', { description: message`As JSON.` })), (given) => given === true)
const tags = (description = message`A tag; may be given several times.`) =>
  multiple(option('--tag', string({ metavar: 'TAG' }), { description }))
const plan = (description = message`The plan.`) =>
  optional(option('--plan', string({ metavar: 'PLAN' }), { description }))

/** Whose users: those named, or all with a tag or plan. */
const chosen = {
  words: multiple(argument(string({ metavar: 'NAME' }), { description: message`The users.` })),
  tags: tags(message`All users with this tag.`),
  plan: plan(message`All users of this plan.`),
}

const add = command(
  'add',
  object({
    command: constant('user add'),
    words: multiple(
      argument(string({ metavar: 'NAME|KEY=VALUE' }), {
        description: message`The users, and keys of theirs such as sessions=20 or quota.bytes="100 GiB".`,
      }),
    ),
    count: optional(
      option('--count', integer({ metavar: 'N', min: 1, max: 100_000 }), {
        description: message`Add so many: NAME-1, NAME-2 and so on.`,
      }),
    ),
    csv: optional(
      option('--csv', string({ metavar: 'FILE' }), {
        description: message`Add the users of a table whose first line names the keys; "-" reads standard input.`,
      }),
    ),
    secret: optional(
      option('--secret', string({ metavar: 'HEX' }), { description: message`This secret, not a fresh one.` }),
    ),
    plan: plan(),
    tags: tags(),
    json: json(),
    config: config(),
  }),
  { brief: message`Add users, with fresh secrets, and print their links.` },
)

const remove = command(
  'remove',
  object({
    command: constant('user remove'),
    ...chosen,
    drain: optional(
      option('--drain', span(), {
        description: message`Let their open sessions go on so long; else they are cut.`,
      }),
    ),
    json: json(),
    config: config(),
  }),
  { brief: message`Remove users.` },
)

const rotate = command(
  'rotate',
  object({
    command: constant('user rotate'),
    ...chosen,
    overlap: withDefault(
      option('--overlap', span(), {
        description: message`How long the old secret still works; else not at all.`,
      }),
      0,
    ),
    json: json(),
    config: config(),
  }),
  { brief: message`Give users fresh secrets, and print their new links.` },
)

const enable = command(
  'enable',
  object({ command: constant('user enable'), ...chosen, json: json(), config: config() }),
  { brief: message`Let users in again.` },
)

const disable = command(
  'disable',
  object({ command: constant('user disable'), ...chosen, json: json(), config: config() }),
  { brief: message`Shut users out; they keep their secrets.` },
)

const set = command(
  'set',
  object({
    command: constant('user set'),
    ...chosen,
    words: multiple(
      argument(string({ metavar: 'NAME|KEY=VALUE' }), {
        description: message`The users, and keys of theirs such as sessions=20; KEY= removes one.`,
      }),
    ),
    json: json(),
    config: config(),
  }),
  { brief: message`Change keys of users.` },
)

const show = command(
  'show',
  object({
    command: constant('user show'),
    user: argument(string({ metavar: 'NAME' }), { description: message`The user.` }),
    json: json(),
    config: config(),
  }),
  { brief: message`Everything about one user, with the link.` },
)

const list = command(
  'list',
  object({
    command: constant('user list'),
    tags: chosen.tags,
    plan: chosen.plan,
    state: optional(
      option('--state', choice(['enabled', 'disabled', 'expired', 'over-quota']), {
        description: message`Only users in this state.`,
      }),
    ),
    onOldLink: map(
      optional(
        flag('--on-old-link', {
          description: message`Only those who last came by another name than that of their link.`,
        }),
      ),
      (given) => given === true,
    ),
    sort: withDefault(
      option('--sort', choice(['name', 'used', 'seen', 'sessions']), {
        description: message`By name, or the most used, latest seen, most sessions first.`,
      }),
      'name' as const,
    ),
    json: json(),
    config: config(),
  }),
  { brief: message`The users, with what they have used and when they were seen.` },
)

export const user = command('user', or(add, remove, rotate, enable, disable, set, show, list), {
  brief: message`Add, change and list users.`,
})
