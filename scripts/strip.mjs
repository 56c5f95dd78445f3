// Makes build/ from src/: types stripped, `.ts` specifiers turned into `.js`, everything else copied.
// build is a link to .build-<hash of the sources>: a new build appears in one rename, and a running portico keeps
// starting its threads from the files it began with. Exit codes: 0, 70 a source cannot be stripped, 77 permission.

import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const PREFIX = '.build-'
const STAMP = '.stamp'
/** The clock by which the kernel stamps files is coarse: up to 10 ms behind the one that we read. */
const CLOCK_GRAIN = 20

// Relative module specifiers, where they can stand: from '…', import '…', import('…'), import.meta.resolve('…'), new URL('…'
const SPECIFIER =
  /(\bfrom\s*|\bimport\s*\(?\s*|\bimport\.meta\.resolve\s*\(\s*|\bnew\s+URL\s*\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/g

/**
 * @param {string} code
 * @returns {string}
 */
export function rewriteSpecifiers(code) {
  return code.replace(SPECIFIER, '$1$2$3.js$2')
}

/**
 * Relative specifiers that lead to no file.
 * @param {string} code
 * @param {string} path of the source inside src, with slashes
 * @param {ReadonlySet<string>} paths of all files inside src
 * @returns {string[]}
 */
export function danglingSpecifiers(code, path, paths) {
  return [...code.matchAll(SPECIFIER)]
    .map((match) => `${match[3]}.ts`)
    .filter((specifier) => !paths.has(posix.join(posix.dirname(path), specifier)))
}

/**
 * What belongs into the build, as paths inside src, sorted.
 * @param {string} folder
 * @returns {string[]}
 */
export function sourcePaths(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/\.(test|d)\.ts$/.test(path) && !path.includes('__snapshots__'))
    .toSorted()
}

/**
 * @param {Map<string, Buffer>} files
 * @param {Buffer} recipe this script
 * @returns {string}
 */
function contentHash(files, recipe) {
  const hash = createHash('sha256').update(recipe)
  for (const [path, content] of files) hash.update(`\0${path}\0${content.length}\0`).update(content)
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {Map<string, Buffer>} files
 * @param {string} target
 */
function writeBuild(files, target) {
  const paths = new Set(files.keys())
  for (const [path, content] of files) {
    const isSource = path.endsWith('.ts')
    const output = join(target, isSource ? path.replace(/\.ts$/, '.js') : path)
    mkdirSync(dirname(output), { recursive: true })
    if (!isSource) {
      writeFileSync(output, content)
      continue
    }
    const code = stripTypes(path, content.toString())
    const dangling = danglingSpecifiers(code, path, paths)
    if (dangling.length > 0)
      throw new Error(`src/${path}: imports ${dangling.join(', ')}, which is not there`)
    writeFileSync(output, rewriteSpecifiers(code))
  }
}

/**
 * Blanks the types out, so that lines and columns of stack traces fit the sources.
 * @param {string} path
 * @param {string} source TypeScript with erasable types only; others throw
 */
function stripTypes(path, source) {
  try {
    return stripTypeScriptTypes(source)
  } catch (cause) {
    throw new Error(`src/${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/**
 * Points the link at `name` in one step and removes the builds before the previous one.
 * @param {string} root
 * @param {string} name
 */
function publish(root, name) {
  const link = join(root, 'build')
  const previous = currentBuild(root)
  if (previous === undefined) rmSync(link, { recursive: true, force: true })
  const fresh = join(root, `${PREFIX}link-${process.pid}`)
  symlinkSync(name, fresh)
  renameSync(fresh, link)
  for (const other of readdirSync(root)) {
    if (
      other.startsWith(PREFIX) &&
      /^[0-9a-f]{16}$/.test(other.slice(PREFIX.length)) &&
      other !== name &&
      other !== previous
    ) {
      rmSync(join(root, other), { recursive: true, force: true })
    }
  }
}

/**
 * @param {string} root
 * @returns {string | undefined} the folder that build links to
 */
function currentBuild(root) {
  try {
    return readlinkSync(join(root, 'build'))
  } catch {
    return undefined
  }
}

/** @param {string} path */
function isThere(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/**
 * @param {string} root of the checkout
 * @param {(text: string) => void} say
 * @returns {boolean} whether anything had to be made; else only the time of the stamp was brought forward
 */
export function build(root, say) {
  const time = new Date(Date.now() - CLOCK_GRAIN)
  const folder = join(root, 'src')
  const files = new Map(sourcePaths(folder).map((path) => [path, readFileSync(join(folder, path))]))
  const name = PREFIX + contentHash(files, readFileSync(fileURLToPath(import.meta.url)))
  const target = join(root, name)
  const isCurrent = currentBuild(root) === name && isThere(join(target, STAMP))
  if (!isThere(join(target, STAMP))) {
    say('stripping types (needed once for each version) …')
    const draft = `${target}.${process.pid}`
    try {
      mkdirSync(draft, { recursive: true })
      writeBuild(files, draft)
      writeFileSync(join(draft, STAMP), '')
      rmSync(target, { recursive: true, force: true })
      renameSync(draft, target)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  try {
    utimesSync(join(target, STAMP), time, time)
  } catch (error) {
    // A checkout that we may only read: the build is right, and the next start compares again.
    if (!isCurrent) throw error
  }
  if (!isCurrent) publish(root, name)
  return !isCurrent
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
  /** @param {string} text */
  const say = (text) => process.stderr.write(`portico: ${text}\n`)
  try {
    build(root, say)
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? ''
    const denied = /^(EACCES|EPERM|EROFS)$/.test(code)
    say(
      denied
        ? `the build is older than the sources, and ${root} cannot be written: start once as its owner.`
        : error instanceof Error
          ? error.message
          : String(error),
    )
    process.exitCode = denied ? 77 : 70
  }
}
