import type { Job } from '../load/jobs/job.ts'

const MIB = 1 << 20

/** Work of which the CPU time is measured, in units that compare. */
export interface Work {
  readonly title: string
  readonly unit: string
  /** @param scale 1 for a measured round, less to warm up */
  job(scale: number): Job
  /** Units in a measured round. */
  readonly amount: number
  /** Of a second, so that figures are easy to read: 1e6 for µs. */
  readonly perSecond: number
}

const CONNECTIONS = 8
const DOWNLOAD = 128 * MIB
const UPLOAD = 48 * MIB
const MESSAGES = 20_000
const SESSIONS = 1200

const wholeMebibytes = (bytes: number) => Math.max(1, Math.round(bytes / MIB)) * MIB

export const WORKS = {
  download: {
    title: 'download, 8 connections',
    unit: 'CPU s per GB',
    amount: (CONNECTIONS * DOWNLOAD) / 1e9,
    perSecond: 1,
    job: (scale) => ({
      do: 'transfer',
      kind: 'send',
      connections: CONNECTIONS,
      bytes: wholeMebibytes(DOWNLOAD * scale),
    }),
  },
  upload: {
    title: 'upload, 8 connections',
    unit: 'CPU s per GB',
    amount: (CONNECTIONS * UPLOAD) / 1e9,
    perSecond: 1,
    job: (scale) => ({
      do: 'transfer',
      kind: 'swallow',
      connections: CONNECTIONS,
      bytes: wholeMebibytes(UPLOAD * scale),
    }),
  },
  messages: {
    title: '600 B request and answer, 16 connections',
    unit: 'CPU µs',
    amount: MESSAGES,
    perSecond: 1e6,
    job: (scale) => ({ do: 'talk', connections: 16, messages: MESSAGES * scale, size: 600 }),
  },
  sessions: {
    title: 'new session with one answer, 16 at a time',
    unit: 'CPU µs',
    amount: SESSIONS,
    perSecond: 1e6,
    job: (scale) => ({ do: 'churn', sessions: Math.ceil(SESSIONS * scale), atOnce: 16 }),
  },
} as const satisfies Record<string, Work>

export type WorkName = keyof typeof WORKS
