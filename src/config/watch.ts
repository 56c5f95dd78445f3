import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Where no event comes (another machine's disk, no watches left) this finds a change. */
const POLL_MILLISECONDS = 1000
/** An editor may truncate first and write later: a change counts when nothing has moved for so long. */
const SETTLE_MILLISECONDS = 120

/**
 * Watches files by what they are, not by events alone: replaced by a rename, written in place, or behind a symbolic link that
 * is turned (as Kubernetes does with a ConfigMap), missing for a moment or not there yet.
 */
export class FileWatch {
  readonly #changed: () => void
  #files: readonly string[] = []
  #known = ''
  #seen = ''
  #watchers: FSWatcher[] = []
  #folders = ''
  #poll: NodeJS.Timeout | undefined
  #settle: NodeJS.Timeout | undefined

  /** @param changed is called once for each change, when it is complete */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** From now on these files; what they are now is known. */
  follow(files: readonly string[]): void {
    this.#files = files
    this.acknowledge()
    this.#poll ??= setInterval(this.#look, POLL_MILLISECONDS).unref()
  }

  /** What the files are now needs no call. */
  acknowledge(): void {
    this.#known = this.#seen = this.#state()
    clearTimeout(this.#settle)
    this.#settle = undefined
    this.#watchFolders()
  }

  stop(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#settle)
    this.#poll = undefined
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
    this.#folders = ''
  }

  readonly #look = (): void => {
    const state = this.#state()
    if (state === this.#known) {
      this.#seen = state
      return
    }
    if (this.#settle !== undefined && state === this.#seen) return
    this.#seen = state
    clearTimeout(this.#settle)
    this.#settle = setTimeout(this.#settled, SETTLE_MILLISECONDS).unref()
  }

  readonly #settled = (): void => {
    this.#settle = undefined
    if (this.#state() !== this.#seen) {
      this.#look()
      return
    }
    this.acknowledge()
    this.#changed()
  }

  #state(): string {
    return this.#files.map(stateOf).join('\n')
  }

  /** Folders, because a file that is replaced is another one; those behind symbolic links too. */
  #watchFolders(): void {
    const folders = [...new Set(this.#files.flatMap((file) => [dirname(file), dirname(realPath(file))]))]
    if (folders.join('\n') === this.#folders) return
    this.#folders = folders.join('\n')
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = folders.flatMap((folder) => {
      try {
        const watcher = watch(folder, { persistent: false }, this.#look)
        watcher.on('error', () => watcher.close())
        return [watcher]
      } catch {
        // The poll finds it.
        return []
      }
    })
  }
}

function stateOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'none'
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
