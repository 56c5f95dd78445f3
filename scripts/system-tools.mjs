// The programs of the system that end-to-end tests drive: fronts and clients that are not npm packages.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian's packages, where the name is not the program's. */
const PACKAGES = new Map([
  ['cc', 'gcc'],
  ['danted', 'dante-server'],
  ['find', 'findutils'],
  ['flock', 'util-linux'],
  ['getconf', 'libc-bin'],
  ['script', 'bsdutils'],
  ['ss', 'iproute2'],
  ['ss-server', 'shadowsocks-libev'],
  ['turnserver', 'coturn'],
])
/** An installed server must not start by itself: only the tests run it, on their own ports. */
const START_POLICY = '/usr/sbin/policy-rc.d'
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin']

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * @param {string[]} tools
 * @returns {string[]} those that no folder of PATH has, each once
 */
export function missingTools(tools) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  return [...new Set(tools)].filter((tool) => !folders.some((folder) => isExecutable(join(folder, tool))))
}

/**
 * Installs with apt-get where we are root and there is one; else leaves everything as it is.
 * @param {string[]} tools
 */
export function installTools(tools) {
  if (tools.length === 0 || process.getuid?.() !== 0 || missingTools(['apt-get']).length > 0) return
  const packages = tools.map((tool) => PACKAGES.get(tool) ?? tool)
  process.stdout.write(`installing ${packages.join(', ')} with apt-get …\n`)
  const isOurPolicy = !existsSync(START_POLICY)
  if (isOurPolicy) writeFileSync(START_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    aptGet(['update', '-qq'])
    // One by one: a package that this release does not have must not keep the others away.
    for (const name of packages) aptGet(['install', '-y', '-qq', '--no-install-recommends', name])
  } finally {
    if (isOurPolicy) rmSync(START_POLICY, { force: true })
  }
}

/** @param {string[]} words */
function aptGet(words) {
  spawnSync('apt-get', words, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}
