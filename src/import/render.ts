import { type TomlValue, tomlKey, tomlText } from '../config/edit/toml-value.ts'
import type { Table, Value } from '../config/toml.ts'
import { isTable } from './rules.ts'

/** Tables that get a header of their own; all others are written inline, on the line of their key. */
const WITH_HEADER = [
  'front',
  'limits',
  'usage',
  'telegram',
  'telegram.middle',
  'telegram.middle.addresses',
  'telegram.data_centres',
  'dns',
  'lists',
  'replay',
  'metrics',
  'control',
  'log',
  'state',
  'process',
  'users',
  'plans',
]
const LISTS_OF_TABLES = new Set(['listener', 'front.site', 'upstream', 'control.token', 'webhook'])
const HEADERS = new Set(WITH_HEADER)

/** The text of a portico file. */
export function renderConfig(tree: Table, heading: readonly string[]): string {
  const lines = [...heading.map((line) => `# ${line}`), ...bodyOf(tree, [])]
  return `${lines.join('\n')}\n`
}

/** Keys first, then what has a header: below a header every line belongs to it. */
function bodyOf(table: Table, path: readonly string[]): string[] {
  const entries = Object.entries(table)
  const keys = entries.filter(([name, value]) => !hasHeader([...path, name], value))
  const below = entries.filter(([name, value]) => hasHeader([...path, name], value))
  return [
    ...keys.map(([name, value]) => `${tomlKey([name])} = ${tomlText(value as TomlValue)}`),
    ...below.flatMap(([name, value]) => section([...path, name], value)),
  ]
}

function section(path: readonly string[], value: Value): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((each) => ['', `[[${tomlKey(path)}]]`, ...(isTable(each) ? bodyOf(each, path) : [])])
  }
  if (!isTable(value)) return []
  const body = bodyOf(value, path)
  const hasKeys = Object.entries(value).some(([name, each]) => !hasHeader([...path, name], each))
  return hasKeys ? ['', `[${tomlKey(path)}]`, ...body] : body
}

function hasHeader(path: readonly string[], value: Value): boolean {
  const isOne = path.length === 2 && (path[0] === 'users' || path[0] === 'plans')
  if (isTable(value)) return isOne || HEADERS.has(path.join('.'))
  return (
    Array.isArray(value) && value.length > 0 && value.every(isTable) && LISTS_OF_TABLES.has(path.join('.'))
  )
}
