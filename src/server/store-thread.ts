import { parentPort, workerData } from 'node:worker_threads'
import { REPLAY_RECORD, restoreReplays } from '../access/replay-log.ts'
import { ReplayMemory } from '../access/replay-memory.ts'
import { deleteSegments, readSegments } from '../state/segment-log.ts'
import { openSqliteStore } from '../state/sqlite/open-store.ts'
import { StoreError } from '../state/store.ts'
import { portLog } from '../telemetry/port-log.ts'
import { initFolder, replayFolder, usageFile } from './state-files.ts'
import type { FromStore, StoreService, StoreThreadStart, ToStore } from './store-messages.ts'

const SWEEP_MILLISECONDS = 600_000

/** The entry of the store's thread: the only one that waits for a disk. */
function main(port: NonNullable<typeof parentPort>, start: StoreThreadStart): void {
  const log = portLog(port, { fields: { thread: 'store' } })
  const store = openSqliteStore(usageFile(start.dir), {
    now: () => performance.now(),
    damaged: (aside) => log.error('the usage file was damaged; a new one is begun', { aside }),
  })
  const hellos = { memory: new ReplayMemory(start.replays), folder: replayFolder(start.dir) }
  const inits = { memory: new ReplayMemory(start.inits), folder: initFolder(start.dir) }
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  const atWork = new Int32Array(start.atWork)

  const service: StoreService = {
    load: (today) => store.load(today),
    periodUsage: (questions) => store.periodUsage(questions),
    write: (batch) => store.write(batch),
    history: (name, first, last) => store.history(name, first, last),
    prune: (firstDay) => store.prune(firstDay),
    close: () => store.close(),
    restoreReplays: async () => {
      sweep()
      return { hellos: restore(hellos), inits: restore(inits) }
    },
  }

  function restore({ memory, folder }: typeof hellos): number {
    return restoreReplays(readSegments(folder, nowSeconds()), memory)
  }

  /** As many of the newest stay as the memory holds for certain. */
  function sweep(): void {
    try {
      for (const { memory, folder } of [hellos, inits])
        deleteSegments(folder, { keepBytes: memory.capacity * REPLAY_RECORD, nowSeconds: nowSeconds() })
    } catch (error) {
      log.warn('old replay records cannot be deleted', { error })
    }
  }
  setInterval(sweep, SWEEP_MILLISECONDS)

  // One after the other: nothing in here overtakes anything.
  let last: Promise<void> = Promise.resolve()
  port.on('message', ({ id, method, args }: ToStore) => {
    last = last.then(async () => {
      Atomics.store(atWork, 0, 1)
      const outcome = await perform(service, method, args)
      Atomics.store(atWork, 0, 0)
      Atomics.notify(atWork, 0)
      port.postMessage({ type: 'answer', id, outcome, health: store.health } satisfies FromStore)
    })
  })
}

async function perform(
  service: StoreService,
  method: ToStore['method'],
  args: readonly unknown[],
): Promise<FromStore['outcome']> {
  try {
    const act = service[method] as (...values: readonly unknown[]) => Promise<unknown>
    return { ok: true, value: await act(...args) }
  } catch (error) {
    if (error instanceof StoreError) {
      return { ok: false, code: error.code, message: error.message, fields: error.fields }
    }
    return { ok: false, code: 'unavailable', message: (error as Error).message, fields: {} }
  }
}

if (!parentPort) throw new Error('this file is the entry of a thread')
main(parentPort, workerData as StoreThreadStart)
