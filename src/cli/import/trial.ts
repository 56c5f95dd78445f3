import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../config/load.ts'
import type { Table } from '../../config/toml.ts'
import type { Imported } from '../../import/import-config.ts'
import { renderConfig } from '../../import/render.ts'
import { tryListen } from '../../net/try-listen.ts'
import { EXIT } from '../exit-codes.ts'
import { writeFirstFile } from '../first-file.ts'
import { sayProblems } from '../open-config.ts'
import { type RunDependencies, run } from '../run.ts'
import type { Surroundings } from '../surroundings.ts'
import { allLinks } from './all-links.ts'

/** Free in most places; the old proxy has the usual one. */
const PORTS = [8443, 9443, 10_443, 11_443, 12_443]
/** What the old proxy holds too, or what a trial must not leave behind. */
const LEFT_OUT = ['listen', 'listener', 'public_port', 'metrics', 'control', 'log', 'state', 'users_file']
const MOST_LINKS = 20

/**
 * Serves what was imported on another port, out of a folder that is removed in the end: the old proxy goes on, and
 * its files stay as they are.
 */
export async function serveTrial(
  imported: Extract<Imported, { ok: true }>,
  listen: string | undefined,
  around: Surroundings,
  dependencies: RunDependencies,
): Promise<number> {
  const address = listen ?? (await freeAddress())
  if (address === undefined) {
    around.stderr.write(`The ports ${PORTS.join(', ')} are taken: choose one with --listen\n`)
    return EXIT.unavailable
  }
  const dir = mkdtempSync(join(tmpdir(), 'portico-try-'))
  try {
    const file = join(dir, 'portico.toml')
    const text = renderConfig(trialTree(imported, address), [
      `A trial of what was imported from ${imported.kind}.`,
    ])
    const loaded = readConfig(text, file, {})
    if (!loaded.ok) return sayProblems(loaded.problems, file, around)
    writeFirstFile(file, text)
    const human = around.stdout.isTerminal ? around.stdout : around.stderr
    const links = await allLinks(loaded.config, around)
    human.write(`A trial on ${address}; nothing is kept when it ends. The old links work with this port:\n`)
    for (const { user, tg } of links.slice(0, MOST_LINKS)) human.write(`  ${user}  ${tg}\n`)
    if (links.length > MOST_LINKS) human.write(`  … and ${links.length - MOST_LINKS} more\n`)
    return await run({ file }, around, dependencies)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function freeAddress(): Promise<string | undefined> {
  for (const port of PORTS) if ((await tryListen('', port)) === 'free') return String(port)
  return undefined
}

/** Clients of a trial come straight, not through the old proxy's balancer. */
function trialTree({ tree, config }: Extract<Imported, { ok: true }>, address: string): Table {
  const kept = Object.entries(tree).filter(([key]) => !LEFT_OUT.includes(key))
  const modes = [...new Set(config.listener.flatMap((listener) => listener.modes))]
  return { listener: [{ address, modes }], ...Object.fromEntries(kept) }
}
