// Brings node_modules to what package-lock.json says: `node scripts/install.mjs run-time|all [own-node]`.
// Runs on any Node from 20 on, with nothing installed yet. Exit codes: 0, 69 unavailable, 75 try again, 77 permission.

import { spawn } from 'node:child_process'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * @typedef {{ dependencies?: object, devDependencies?: object, optionalDependencies?: object }} Manifest
 * @typedef {Manifest & { version?: string, integrity?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }} LockEntry
 * @typedef {{ packages?: Record<string, LockEntry> }} Lock
 */

/** npm's codes for a registry that may answer in a minute; everything else needs a person. */
const TRY_AGAIN =
  /^(EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EPIPE|ERR_SOCKET_TIMEOUT|FETCH_ERROR|E408|E429|E5\d\d)$/
const PERMISSION = /^(EACCES|EPERM|EROFS)$/
const HEARTBEAT = 3_000
const STAGE = '.install-'

/**
 * Names (paths inside the checkout) of the packages that the lock asks for and node_modules lacks or has in another version.
 * Packages for other platforms are optional in the lock, so of the optional ones only `ownNode` is asked for.
 * @param {Lock} lock
 * @param {Lock} installed the hidden lock that npm leaves in node_modules
 * @param {{ dev: boolean, ownNode?: string | undefined }} wanted
 * @returns {string[]}
 */
export function missingPackages(lock, installed, wanted) {
  const have = installed.packages ?? {}
  return Object.entries(lock.packages ?? {})
    .filter(([path, entry]) => {
      if (path === '') return false
      if (path === wanted.ownNode) return true
      return !entry.optional && !entry.devOptional && (wanted.dev || !entry.dev)
    })
    .filter(
      ([path, entry]) => have[path]?.version !== entry.version || have[path]?.integrity !== entry.integrity,
    )
    .map(([path]) => path)
}

/**
 * package.json and its lock without what a start does not need. Handing npm less than all of it (and `--omit`) keeps
 * it from loading the whole tree of the test packages: a third of the memory, a tenth of the requests.
 * @param {Manifest} manifest
 * @param {Lock} lock
 * @param {boolean} ownNode
 * @returns {{ manifest: Manifest, lock: Lock }}
 */
export function runTimeOnly(manifest, lock, ownNode) {
  /** @param {Manifest} of */
  const reduce = ({ devDependencies: _dev, optionalDependencies, ...rest }) => ({
    ...rest,
    ...(ownNode && optionalDependencies !== undefined ? { optionalDependencies } : {}),
  })
  const kept = Object.entries(lock.packages ?? {})
    .filter(([, entry]) => !entry.dev && !entry.devOptional && (ownNode || !entry.optional))
    .map(([path, entry]) => [path, path === '' ? reduce(entry) : entry])
  return { manifest: reduce(manifest), lock: { ...lock, packages: Object.fromEntries(kept) } }
}

/**
 * What a failed npm means for whoever started us.
 * @param {string} output what npm wrote on stderr
 * @param {NodeJS.Signals | null} signal that ended npm
 * @returns {{ status: 69 | 75 | 77, message: string }}
 */
export function explainFailure(output, signal) {
  const code = /npm (?:error|ERR!) (?:code|errno) ([A-Z][A-Z0-9_]*)/.exec(output)?.[1] ?? ''
  if (signal === 'SIGKILL') {
    return {
      status: 69,
      message: 'npm was killed, most likely because memory ran out; 512 MB are enough when little else runs.',
    }
  }
  if (TRY_AGAIN.test(code)) {
    return {
      status: 75,
      message: `the package registry cannot be reached (${code}). Check the network and start again.`,
    }
  }
  if (PERMISSION.test(code)) {
    return { status: 77, message: `npm may not write where it must (${code}).` }
  }
  if (code === 'ENOSPC') return { status: 69, message: 'the disk is full.' }
  return { status: 69, message: `npm could not install the packages${code === '' ? '' : ` (${code})`}.` }
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`portico: ${text}\n`)
}

/**
 * @param {string} path
 * @returns {any} an empty object where there is none
 */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * Removes what starts that were cut off have left behind.
 * @param {string} root
 */
function removeLeftovers(root) {
  for (const name of readdirSync(root)) {
    if (name.startsWith(STAGE) && !isAlive(Number(name.slice(STAGE.length)))) {
      rmSync(join(root, name), { recursive: true, force: true })
    }
  }
}

/**
 * @param {string} folder
 * @param {string[]} command
 * @returns {Promise<{ status: number | null, signal: NodeJS.Signals | null, output: string }>}
 */
function runNpm(folder, command) {
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--loglevel=error',
    '--fetch-retry-mintimeout=2000',
    '--fetch-retry-factor=3',
  ]
  return new Promise((resolve, reject) => {
    const npm = spawn('npm', [...command, ...options], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A fifth less memory at the peak (268 → 212 MB with the project's own Node, which is most of what is fetched).
      env: {
        ...process.env,
        NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --max-semi-space-size=2`.trim(),
      },
    })
    let output = ''
    npm.stderr.on('data', (chunk) => {
      output += chunk
    })
    const heartbeat = process.stderr.isTTY
      ? setInterval(() => process.stderr.write('.'), HEARTBEAT)
      : undefined
    const stop = () => npm.kill('SIGTERM')
    process.once('SIGTERM', stop)
    npm.once('error', (error) => {
      clearInterval(heartbeat)
      reject(error)
    })
    npm.once('close', (status, signal) => {
      clearInterval(heartbeat)
      process.off('SIGTERM', stop)
      if (heartbeat !== undefined) process.stderr.write('\n')
      resolve({ status, signal, output })
    })
  })
}

/**
 * Installs beside node_modules and swaps: a registry that fails half-way leaves the old packages as they were,
 * and a portico that runs from them is not disturbed.
 * @param {string} root
 * @param {(stage: string) => string[]} provide fills the folder with what npm reads, and names the npm command
 * @returns {Promise<number>} exit code
 */
async function install(root, provide) {
  const stage = join(root, `${STAGE}${process.pid}`)
  try {
    accessSync(root, constants.W_OK)
    removeLeftovers(root)
    mkdirSync(stage)
  } catch {
    say(`packages are missing, and ${root} cannot be written: start once as its owner.`)
    return 77
  }
  try {
    copyFileSync(join(root, '.npmrc'), join(stage, '.npmrc'))
    const { status, signal, output } = await runNpm(stage, provide(stage))
    if (status !== 0) {
      process.stderr.write(output)
      const failure = explainFailure(output, signal)
      say(failure.message)
      return failure.status
    }
    mkdirSync(join(stage, 'node_modules'), { recursive: true })
    const current = join(root, 'node_modules')
    if (existsSync(current)) renameSync(current, join(stage, 'replaced'))
    renameSync(join(stage, 'node_modules'), current)
    return 0
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    if (code === 'ENOENT') {
      say('npm is missing. Install it (Debian, Ubuntu: apt-get install npm) and start again.')
      return 69
    }
    say(`the packages could not be put in place: ${String(error)}`)
    return code !== undefined && PERMISSION.test(code) ? 77 : 69
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/**
 * @param {string} root
 * @param {string} stage
 * @param {boolean} ownNode
 */
function provideRunTime(root, stage, ownNode) {
  const reduced = runTimeOnly(
    readJson(join(root, 'package.json')),
    readJson(join(root, 'package-lock.json')),
    ownNode,
  )
  writeFileSync(join(stage, 'package.json'), JSON.stringify(reduced.manifest))
  writeFileSync(join(stage, 'package-lock.json'), JSON.stringify(reduced.lock))
  return ['ci', '--omit=dev', ...(ownNode ? [] : ['--omit=optional'])]
}

/**
 * Not `npm ci`: that refuses a lock without the test tools' packages for platforms that the registry did not offer
 * when the lock was made. What the lock holds is taken exactly as locked here too.
 * @param {string} root
 * @param {string} stage
 */
function provideAll(root, stage) {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(root, name), join(stage, name))
  return ['install', '--no-save']
}

/**
 * @param {string} root
 * @param {string[]} words
 * @returns {Promise<number>} exit code
 */
async function main(root, words) {
  const [scope, own] = words
  const ownNode = own === 'own-node' ? `node_modules/node-linux-${process.arch}` : undefined
  const lock = readJson(join(root, 'package-lock.json'))
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))
  const missing = missingPackages(lock, installed, { dev: scope === 'all', ownNode })
  if (missing.length === 0) return 0

  // A developer's checkout stays one: what tests need is not thrown away by a start.
  const all = scope === 'all' || Object.values(installed.packages ?? {}).some((entry) => entry.dev)
  const what = all
    ? 'all packages, those of the tests too'
    : ownNode === undefined
      ? 'the run-time packages'
      : "the run-time packages and the project's own Node"
  say(`installing ${what} (needed once for each version) …`)
  const begun = Date.now()
  const status = await install(root, (stage) =>
    all ? provideAll(root, stage) : provideRunTime(root, stage, ownNode !== undefined),
  )
  if (status === 0) say(`packages are ready (${Math.round((Date.now() - begun) / 1000)} s)`)
  return status
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await main(fileURLToPath(new URL('..', import.meta.url)), process.argv.slice(2))
}
