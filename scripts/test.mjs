// `npm test`: sets up what is missing, runs every kind of check, and sums up. Runs on any Node from 20 on; the checks
// themselves run on the project's own. With CI=true a suite that had to be left out is a failure.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { installTools, missingTools } from './system-tools.mjs'

const REPORTS = 'coverage/reports'

/**
 * A suite names the programs that it drives in a line of its own: `// needs: nginx openssl`.
 * @param {string} source
 * @returns {string[]}
 */
export function neededTools(source) {
  return (
    /^\/\/ needs: (.+)$/m
      .exec(source)?.[1]
      ?.split(/[\s,]+/)
      .filter((tool) => tool !== '') ?? []
  )
}

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 * @param {any} report of vitest's json reporter
 * @returns {Count}
 */
export function countTests(report) {
  // A file that could not even be loaded has no tests to count; it is a failure all the same.
  const broken = report.testResults.filter(
    (/** @type {any} */ file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * @param {Count[]} counts
 * @returns {string} the line that stands alone at the end
 */
export function lastLine(counts) {
  /** @param {keyof Count} key */
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0)
  return `${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`
}

/**
 * @param {string} root
 * @returns {{ path: string, tools: string[] }[]} every test file, and what it needs of the system
 */
function suites(root) {
  return ['src', 'scripts', 'test']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => ({ path, tools: neededTools(readFileSync(join(root, path), 'utf8')) }))
}

/**
 * @param {string} root
 * @param {string[]} leaveOut paths of suites
 */
function steps(root, leaveOut) {
  /** @param {string} name */
  const vitest = (name) => [
    'vitest',
    'run',
    '--project',
    name,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${REPORTS}/${name}.json`,
    ...leaveOut.map((path) => `--exclude=${path}`),
  ]
  return [
    {
      name: 'format and lint (biome)',
      command: ['biome', 'ci', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.'],
    },
    { name: 'lint with types (oxlint)', command: ['oxlint', '--type-aware', '--deny-warnings'] },
    { name: 'boundaries (dependency-cruiser)', command: ['depcruise', 'src', '--output-type', 'err-long'] },
    { name: 'types (tsc)', command: ['tsc', '-p', '.'] },
    { name: 'unused code (knip)', command: ['knip', '--no-progress'] },
    {
      name: 'stripped build',
      command: ['node', '--disable-warning=ExperimentalWarning', join(root, 'scripts/strip.mjs')],
    },
    {
      name: 'unit and property tests',
      command: [...vitest('unit'), '--coverage'],
      report: `${REPORTS}/unit.json`,
    },
    { name: 'end-to-end tests', command: vitest('e2e'), report: `${REPORTS}/e2e.json` },
  ]
}

/**
 * @param {string} root
 * @param {string} report
 * @returns {Count}
 */
function readCount(root, report) {
  const path = join(root, report)
  return existsSync(path)
    ? countTests(JSON.parse(readFileSync(path, 'utf8')))
    : { passed: 0, failed: 1, skipped: 0 }
}

/**
 * @param {string} root
 * @returns {number} exit code
 */
function main(root) {
  process.chdir(root)
  const isCi = /^(true|1)$/.test(process.env.CI ?? '')
  const installed = spawnSync(
    process.execPath,
    ['scripts/install.mjs', 'all', ...(process.platform === 'linux' ? ['own-node'] : [])],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  if (installed.status !== 0) return installed.status ?? 70
  process.env.PATH = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`

  const all = suites(root)
  installTools(missingTools(all.flatMap((suite) => suite.tools)))
  const skipped = all
    .map((suite) => ({ path: suite.path, tools: missingTools(suite.tools) }))
    .filter((suite) => suite.tools.length > 0)

  rmSync(REPORTS, { recursive: true, force: true })
  mkdirSync(REPORTS, { recursive: true })
  const results = steps(
    root,
    skipped.map((suite) => suite.path),
  ).map((step) => {
    process.stdout.write(`\n── ${step.name}\n`)
    const begun = Date.now()
    const [program = '', ...rest] = step.command
    const { status, error } = spawnSync(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] })
    if (error !== undefined) process.stdout.write(`${program}: ${error.message}\n`)
    return { ...step, ok: status === 0, seconds: Math.round((Date.now() - begun) / 1000) }
  })
  return summary(root, results, skipped, isCi)
}

/**
 * @param {string} root
 * @param {{ name: string, ok: boolean, seconds: number, report?: string | undefined }[]} results
 * @param {{ path: string, tools: string[] }[]} skipped
 * @param {boolean} isCi
 * @returns {number} exit code
 */
function summary(root, results, skipped, isCi) {
  const counts = results.flatMap(({ report }) => (report === undefined ? [] : [readCount(root, report)]))
  const isSkipFailure = isCi && (skipped.length > 0 || counts.some((count) => count.skipped > 0))
  const lines = [
    ...results.map(({ name, ok, seconds }) => `${ok ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)`),
    ...skipped.map(
      ({ path, tools }) => `${isCi ? 'FAILED' : 'left out'}  ${path}: ${tools.join(', ')} not installed`,
    ),
    ...(isSkipFailure ? ['FAILED  in CI nothing may be left out'] : []),
  ]
  process.stdout.write(`\n${lines.join('\n')}\n\n${lastLine(counts)}\n`)
  return results.every((result) => result.ok) && !isSkipFailure ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = main(fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''))
}
