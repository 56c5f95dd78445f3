import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Root of the checkout, absolute. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** The project's own Node, which runs TypeScript as it stands; tests may have been started by another. */
export const NODE = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), 'bin', 'node')
