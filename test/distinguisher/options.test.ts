import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { earlierRun } from '../../bench/distinguisher/earlier-run.ts'
import { HELP, readOptions, WrongOption } from '../../bench/distinguisher/options.ts'
import { NODE, ROOT } from '../world/node.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'

test('what is asked for', () => {
  expect(readOptions(['--help'])).toBe('help')
  expect(readOptions(['-h'])).toBe('help')
  expect(HELP).toContain('--sessions')
  const asked = ['--fronts', 'bun, openssl,bun', '--sessions', '40', '--layers', '1']
  expect(readOptions(asked)).toMatchObject({
    fronts: ['bun', 'openssl'],
    sessions: 40,
    flows: 10,
    defects: 40,
  })
  expect(readOptions(['--answer', 'profile', '--layers', '1,2'])).toMatchObject({ answer: 'profile' })
  expect(readOptions(['--fronts', 'bun,nginx,caddy', '--layers', '4'])).toMatchObject({
    layers: new Set([4]),
  })
})

test.each([
  [['--fronts', 'apache'], '--fronts: "apache" is none of bun, nginx'],
  [['--fronts', ''], '--fronts: "" is none of bun, nginx'],
  [['--sessions', 'x'], '--sessions "x": a number is needed'],
  [['--sessions', '0'], '--sessions 0: at least 5 is needed'],
  [['--flows', '3'], '--flows 3: none, or at least 5'],
  [['--probe-rounds', '0'], '--probe-rounds 0: at least 1 is needed'],
  [['--nonsense'], '--nonsense'],
  [['--answer', 'mirror,profile'], '--answer: "mirror,profile" is none of mirror, profile'],
  [['--answer', 'profile', '--layers', '1,4'], '--answer profile: not with layer 4'],
  [['--answer', 'profile', '--added-time', '20'], '--answer profile: not with --added-time'],
  [
    ['--layers', '4', '--fronts', 'bun,node,openssl'],
    '--layers 4: the probe matrix knows the clocks of bun, nginx, caddy, not of node, openssl',
  ],
])('%j is refused', (args, why) => {
  expect(() => readOptions(args)).toThrow(WrongOption)
  expect(() => readOptions(args)).toThrow(why)
})

test('the help says before which fronts the matrix is played, and all that makes a run void', () => {
  expect(HELP).toContain('4 probe matrix (of bun, nginx, caddy)')
  expect(HELP).toMatch(/VOID \([^)]*an answer that was not a recorded one[^)]*\)/)
})

test.each([
  ['nothing', undefined, 'no such file'],
  ['no JSON', '# Can portico be told from its front?', 'not JSON'],
  ['a list', '[]', 'not a report.json'],
  ['another report', '{"command":"npm run bench","fronts":3}', 'not a report.json'],
  ['a report without classes', '{"minutes":1,"seed":1,"fronts":[{"front":"bun"}]}', 'not a report.json'],
])('an earlier run that is %s is refused with its path', (_, text, why) => {
  const file = join(temporaryFolder('again'), 'report.json')
  if (text !== undefined) writeFileSync(file, text)
  expect(() => earlierRun(file)).toThrow(WrongOption)
  expect(() => earlierRun(file)).toThrow(`--again ${file}: `)
  expect(() => earlierRun(file)).toThrow(why)
})

test('the program ends with 64 and no stack', () => {
  const main = join(ROOT, 'bench', 'distinguisher', 'main.ts')
  const { status, stderr } = spawnSync(NODE, [main, '--again', '/nonexistent'], { encoding: 'utf8' })
  expect(status).toBe(64)
  expect(stderr).toMatch(/^--again \/nonexistent: /)
  expect(stderr).not.toContain('    at ')
})
