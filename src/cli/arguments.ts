import { object, or } from '@optique/core/constructs'
import { message, text } from '@optique/core/message'
import { map, multiple, optional, withDefault } from '@optique/core/modifiers'
import { argument, command, constant, flag, option } from '@optique/core/primitives'
import { choice, string, type ValueParser } from '@optique/core/valueparser'
import { parseFrontAddress, parseListenAddress } from '../config/address.ts'
import { parseDomain, parseServerHost } from '../config/host-name.ts'
import type { Parsed } from '../config/parsed.ts'
import { KINDS } from '../import/peer.ts'
import { user } from './user/arguments.ts'

/** An option that is checked as the configuration's key is, and stays the text it was. */
function checked(
  metavar: 'NAME' | 'ADDRESS',
  parse: (value: string) => Parsed<unknown>,
): ValueParser<'sync', string> {
  return {
    mode: 'sync',
    metavar,
    placeholder: '',
    parse(value) {
      const parsed = parse(value)
      return parsed.ok
        ? { success: true, value }
        : { success: false, error: message`${text(parsed.message)}` }
    },
    format: (value) => value,
  }
}

const file = () =>
  optional(argument(string({ metavar: 'FILE' }), { description: message`The configuration.` }))
const configOption = () =>
  optional(option('--config', string({ metavar: 'FILE' }), { description: message`The configuration.` }))

const json = () =>
  map(optional(flag('--json', { description: message`As JSON.` })), (given) => given === true)

const run = command(
  'run',
  object({
    command: constant('run'),
    file: file(),
    domain: optional(
      option('--domain', checked('NAME', parseDomain), {
        description: message`The name in the links (front.domain).`,
      }),
    ),
    listen: optional(
      option('--listen', checked('ADDRESS', parseListenAddress), {
        description: message`Where to listen: port, ip:port or unix:/path.`,
      }),
    ),
    front: optional(
      option('--front', checked('ADDRESS', parseFrontAddress), {
        description: message`Where the site really listens: host:port, unix:/path or built-in.`,
      }),
    ),
  }),
  { brief: message`Serve. Without a configuration, make the first one.` },
)

const check = command('check', object({ command: constant('check'), file: file() }), {
  brief: message`Report everything that is wrong with the configuration.`,
})

const picture = or(
  map(flag('--qr', { description: message`As QR codes.` }), () => 'qr' as const),
  map(flag('--svg', { description: message`One user's QR code as SVG.` }), () => 'svg' as const),
  map(flag('--json', { description: message`As JSON.` }), () => 'json' as const),
)

const link = command(
  'link',
  object({
    command: constant('link'),
    user: optional(
      argument(string({ metavar: 'USER' }), {
        description: message`One user; without, all that are enabled.`,
      }),
    ),
    as: withDefault(picture, 'text' as const),
    all: map(
      optional(flag('--all', { description: message`For every site and every listener.` })),
      (given) => given === true,
    ),
    site: optional(
      option('--site', checked('NAME', parseDomain), { description: message`With this name in them.` }),
    ),
    listener: optional(
      option('--listener', string({ metavar: 'ADDRESS' }), {
        description: message`To this listener, by its address or port.`,
      }),
    ),
    config: configOption(),
  }),
  { brief: message`Print the links of the users.` },
)

const secret = command(
  'secret',
  object({
    command: constant('secret'),
    domain: optional(
      option('--domain', checked('NAME', parseDomain), {
        description: message`Print the form for links with this name.`,
      }),
    ),
    from: optional(
      option('--from', string({ metavar: 'LINK' }), {
        description: message`Show the key and the name in a link, or in a link's secret.`,
      }),
    ),
  }),
  { brief: message`Make a fresh secret.` },
)

const configCommands = command(
  'config',
  or(
    command('schema', object({ command: constant('config schema') }), {
      brief: message`Print the JSON Schema of the configuration.`,
    }),
    command(
      'show',
      object({
        command: constant('config show'),
        origin: map(
          optional(flag('--origin', { description: message`With where each value comes from.` })),
          (given) => given === true,
        ),
        json: json(),
        config: configOption(),
      }),
      { brief: message`Print every value in force.` },
    ),
  ),
  { brief: message`About the configuration.` },
)

const reload = command(
  'reload',
  object({ command: constant('reload'), json: json(), config: configOption() }),
  { brief: message`Let a running portico read its configuration again.` },
)

const status = command(
  'status',
  object({ command: constant('status'), json: json(), config: configOption() }),
  { brief: message`What a running portico does, and what came of the last reloads.` },
)

const move = command(
  'move',
  object({
    command: constant('move'),
    domain: optional(
      option('--domain', checked('NAME', parseDomain), { description: message`The new name in the links.` }),
    ),
    front: optional(
      option('--front', checked('ADDRESS', parseFrontAddress), {
        description: message`Where the site of that name really listens, if elsewhere than the present one.`,
      }),
    ),
    host: optional(
      option('--host', checked('NAME', parseServerHost), {
        description: message`The new server in the links (public_host).`,
      }),
    ),
    json: json(),
    config: configOption(),
  }),
  { brief: message`Give the links another name or server; the old ones go on working.` },
)

const backup = command(
  'backup',
  object({
    command: constant('backup'),
    file: optional(argument(string({ metavar: 'FILE' }), { description: message`What to write.` })),
    config: configOption(),
  }),
  { brief: message`Write configuration, users and state into one file.` },
)

const restore = command(
  'restore',
  object({
    command: constant('restore'),
    file: argument(string({ metavar: 'FILE' }), { description: message`What backup has written.` }),
    force: map(
      optional(flag('--force', { description: message`Write over what is there.` })),
      (given) => given === true,
    ),
    config: configOption(),
  }),
  { brief: message`Bring back a backup, here or on another server.` },
)

const importCommand = command(
  'import',
  object({
    command: constant('import'),
    words: multiple(
      argument(string({ metavar: 'FILE' }), {
        description: message`The old configuration; or a secret of mtg, a link, or the official proxy's command line in quotes. Before it may stand the kind, as for --from.`,
      }),
      { min: 1, max: 2 },
    ),
    from: optional(
      option('--from', choice(KINDS, { metavar: 'KIND' }), {
        description: message`What it is, where its content does not tell.`,
      }),
    ),
    config: optional(
      option('--config', string({ metavar: 'OUT' }), { description: message`What to write.` }),
    ),
    domain: optional(
      option('--domain', checked('NAME', parseDomain), {
        description: message`The name in the links, where the old proxy has none.`,
      }),
    ),
    try: map(
      optional(
        flag('--try', {
          description: message`Write nothing, and serve it beside the old proxy on another port.`,
        }),
      ),
      (given) => given === true,
    ),
    listen: optional(
      option('--listen', checked('ADDRESS', parseListenAddress), {
        description: message`Where, with --try.`,
      }),
    ),
    force: map(
      optional(flag('--force', { description: message`Write over what is there.` })),
      (given) => given === true,
    ),
    json: json(),
  }),
  { brief: message`Bring over the configuration of another proxy; its links go on working.` },
)

const people = or(link, user, move)
const running = or(reload, status, backup, restore)
const beginning = or(importCommand, secret)

/** The whole command line. */
export const commandLine = or(run, check, people, running, beginning, configCommands)
