import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NODE } from '../node.ts'
import { startProcess } from '../process.ts'
import { temporaryFolder } from '../temporary-folder.ts'

export class TdlibError extends Error {
  readonly code = 'tdlib'
}

/**
 * What TDLib needs to get an answer of a data centre through a proxy, in seconds. The answer is one to
 * req_pq_multi: its server keys are built in, so it goes no further with a fake data centre.
 * @throws TdlibError with TDLib's own words
 */
export async function pingProxy(link: string, timeout = 60_000): Promise<number> {
  const script = join(import.meta.dirname, 'tdlib-process.ts')
  const running = await startProcess(NODE, [script, temporaryFolder('tdlib'), link])
  const timer = setTimeout(() => void running.stop('SIGKILL'), timeout)
  try {
    const line = await new Promise<string>((resolve, reject) => {
      const lines = createInterface({ input: running.child.stdout! })
      lines.once('line', resolve)
      // Its threads may fault while it exits, and its last line may be read after that: only the end of the output counts.
      lines.once('close', () => {
        void running.exited.then((how) => reject(new TdlibError(`ended with ${how}: ${running.output()}`)))
      })
    })
    const answer = JSON.parse(line) as { seconds: number } | { error: string }
    if ('error' in answer) throw new TdlibError(answer.error)
    return answer.seconds
  } finally {
    clearTimeout(timer)
    await running.stop('SIGKILL')
  }
}
