import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { contentBytes } from '../data-centre/content.ts'

const MIB = 1 << 20

/** N of `/bytes/N`. */
export const SITE_SIZES = [1000, MIB, 10 * MIB, 100 * MIB] as const

export const FRONT_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Harbour timetable</title></head>
<body><h1>Harbour timetable</h1><p>Ferries leave at 8:15, 11:40 and 17:05.</p></body>
</html>
`

/** The files that every front serves; made once for all runs of tests, since 100 MB take a while. */
export function siteFolder(): string {
  const folder = join(tmpdir(), `portico-world-site-${userInfo().uid}`)
  mkdirSync(join(folder, 'bytes'), { recursive: true, mode: 0o755 })
  place(join(folder, 'index.html'), () => Buffer.from(FRONT_PAGE))
  for (const size of SITE_SIZES) place(join(folder, 'bytes', String(size)), () => contentBytes(0, 0, size))
  return folder
}

/** Whole or not at all, as another test process may make it too. */
function place(path: string, content: () => Buffer): void {
  if (existsSync(path)) return
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, content(), { mode: 0o644 })
  renameSync(unfinished, path)
}
