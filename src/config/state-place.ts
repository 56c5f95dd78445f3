import { dirname, join, resolve } from 'node:path'
import { applyEnvironment, type Environment } from './environment.ts'
import { readText } from './read-text.ts'
import { readToml } from './toml.ts'

const DEFAULT_DIR = 'state'
const SOCKET = 'control.sock'

/** Where commands find a running portico, as far as that can be known from a file that may be full of problems. */
export function stateDirOf(path: string, env: Environment): string {
  const file = resolve(path)
  const text = readText(file)
  const { tree } = readToml(typeof text === 'string' ? withoutUsers(text) : '')
  applyEnvironment(tree, env)
  const { state } = tree
  const dir = typeof state === 'object' && 'dir' in state && !Array.isArray(state) ? state.dir : undefined
  return resolve(dirname(file), typeof dir === 'string' && dir !== '' ? dir : DEFAULT_DIR)
}

/** The control socket in a state folder. */
export function controlSocketIn(stateDir: string): string {
  return join(stateDir, SOCKET)
}

/** Only `[state]` is wanted, and of ten thousand users each costs. */
function withoutUsers(text: string): string {
  const state = /^[ \t]*\[[ \t]*state[ \t]*\][^\n]*\n(?:(?![ \t]*\[)[^\n]*(?:\n|$))*/m.exec(text)
  const dotted = text.match(/^[ \t]*state[ \t]*(?:\.|=)[^\n]*$/gm) ?? []
  return [...dotted, state?.[0] ?? ''].join('\n')
}
