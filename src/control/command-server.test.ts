import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askRunning } from './command-client.ts'
import { BadQuestion, type CommandServer, MAX_QUESTION, serveCommands } from './command-server.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
let dir: string
let path: string
let server: CommandServer | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-control-'))
  path = join(dir, 'state', 'control.sock')
})
afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(dir, { recursive: true })
})

const serve = async () => {
  server = await serveCommands(path, {
    commands: {
      echo: (question) => ({ question: question ?? null }),
      later: async () => 'done',
      bad: () => {
        throw new BadQuestion('not so')
      },
      bug: () => {
        throw new Error('secret detail')
      },
    },
    log,
  })
}

describe('commands of a running portico', () => {
  test('are asked and answered, by the owner alone', async () => {
    await serve()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await askRunning(path, 'echo', { a: 1 })).toEqual({
      state: 'answered',
      answer: { question: { a: 1 } },
    })
    expect(await askRunning(path, 'echo')).toEqual({ state: 'answered', answer: { question: null } })
    expect(await askRunning(path, 'later')).toEqual({ state: 'answered', answer: 'done' })
  })

  test('that fail say what may be said', async () => {
    await serve()
    expect(await askRunning(path, 'bad')).toEqual({ state: 'failed', message: 'not so' })
    expect(await askRunning(path, 'bug')).toEqual({ state: 'failed', message: 'it failed; the log says why' })
    expect(await askRunning(path, 'toString')).toMatchObject({ state: 'failed' })
    expect(await askRunning(path, 'echo', 'x'.repeat(MAX_QUESTION))).toMatchObject({ state: 'failed' })
  })

  test('are not asked by GET', async () => {
    await serve()
    const status = await new Promise((resolve) => {
      request({ socketPath: path, path: '/echo' }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).end()
    })
    expect(status).toBe(405)
  })

  test('nobody is there, or no longer', async () => {
    expect(await askRunning(path, 'echo')).toEqual({ state: 'not_running' })
    await serve()
    await server?.close()
    writeFileSync(path, '')
    expect(await askRunning(path, 'echo')).toEqual({ state: 'not_running' })
  })
})
