import { styleText } from 'node:util'
import type { Loggable } from './loggable.ts'

/** What every line has, beside its fields. */
interface Head {
  readonly level: string
  readonly time: string
  readonly event: string
}

type Line = Head & Record<string, Loggable>
type Style = Parameters<typeof styleText>[0]

const LEVEL_STYLE: Record<string, Style> = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' }
const BARE = /^[\w.:/@+%,~[\]()…-]+$/u
/** What a terminal might obey, or show in another order than it stands: C0 and C1 controls, bidirectional marks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be found
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One NDJSON line as a person reads it: `12:34:56.789 info  event  key=value`. */
export function prettyLine(json: string, colour: boolean): string {
  const { level, time, event, ...fields } = JSON.parse(json) as Line
  const paint = (style: Style, text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const stack = stackOf(fields)
  const words = [
    paint('dim', clockTime(time)),
    paint(LEVEL_STYLE[level] ?? 'white', level.padEnd(5)),
    safe(event),
    ...Object.entries(fields).map(([name, value]) => `${paint('dim', `${safe(name)}=`)}${shown(value)}`),
  ]
  return `${words.join(' ')}\n${stack}`
}

function clockTime(iso: string): string {
  const time = new Date(iso)
  const two = (n: number) => String(n).padStart(2, '0')
  const milliseconds = String(time.getMilliseconds()).padStart(3, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`
}

function shown(value: Loggable): string {
  if (typeof value === 'string' && BARE.test(value)) return safe(value)
  return safe(JSON.stringify(value))
}

function safe(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Takes the stack of a logged error out of its field and gives it lines of its own. */
function stackOf(fields: Record<string, Loggable>): string {
  let lines = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || typeof value !== 'object' || !('stack' in value)) continue
    const { stack, ...rest } = value
    if (typeof stack !== 'string') continue
    fields[name] = rest
    for (const line of stack.split('\n').slice(1)) lines += `  ${safe(line)}\n`
  }
  return lines
}
