import { expect, test } from 'vitest'
import type { SiteFacts } from '../front/site.ts'
import type { SiteNews } from '../server/supervisor.ts'
import { tellOfSites } from './tell-of-sites.ts'

const site = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8443 } } as const
const facts: SiteFacts = {
  reachable: true,
  selfTarget: false,
  tls13: true,
  mlkem: true,
  records: { tdlib: 1, darwin: 1, legacy: 1 },
  flightBytes: {},
  encryptedBytes: {},
  varying: [],
  unmirrorable: {},
}

const news = (code: 'front_remote' | 'front_no_mlkem'): SiteNews => ({
  type: 'warning',
  warning: { code, message: `${code}. And the remedy.` },
})

/** Tells of one warning that is known at the start, and of one that comes later. */
function tell({ isTerminal, logIsRead }: { isTerminal: boolean; logIsRead: boolean }) {
  const said: string[] = []
  const logged: unknown[] = []
  let later: (news: SiteNews) => void = () => {}
  const onSites = (listener: typeof later) => {
    later = listener
    return [news('front_remote')]
  }
  const human = { write: (text: string) => said.push(text), isTerminal, columns: 80, colour: false }
  const put = (event: string, fields?: object) => void logged.push({ event, ...fields })
  const log = { warn: put, debug: () => {} }
  tellOfSites({ onSites }, { human, log, logIsRead, answer: 'auto' })
  later(news('front_no_mlkem'))
  return { said, logged }
}

const REMOTE = { event: 'front_remote. And the remedy.', code: 'front_remote' }
const NO_MLKEM = { event: 'front_no_mlkem. And the remedy.', code: 'front_no_mlkem' }

test('a person at the terminal reads each once, wherever the log goes', () => {
  expect(tell({ isTerminal: true, logIsRead: true })).toEqual({
    said: ['warning: front_remote. And the remedy.\n'],
    logged: [NO_MLKEM],
  })
  expect(tell({ isTerminal: true, logIsRead: false })).toEqual({
    said: ['warning: front_remote. And the remedy.\n', 'warning: front_no_mlkem. And the remedy.\n'],
    logged: [REMOTE, NO_MLKEM],
  })
})

test('elsewhere the log has each once, with its code', () => {
  expect(tell({ isTerminal: false, logIsRead: false })).toEqual({ said: [], logged: [REMOTE, NO_MLKEM] })
})

test('how a front answers is a line for a person, and in the log for whoever looks for it', () => {
  const said: string[] = []
  const logged: unknown[] = []
  let later: (news: SiteNews) => void = () => {}
  const learned = (domain: string): SiteNews => ({ type: 'learned', site: { ...site, domain }, facts })
  const telling = (isTerminal: boolean) => ({
    human: { write: (text: string) => said.push(text), isTerminal, columns: 80, colour: false },
    log: {
      warn: () => {},
      debug: (event: string, fields?: object) => void logged.push({ event, ...fields }),
    },
    logIsRead: isTerminal,
    answer: 'auto' as const,
  })
  const onSites = (listener: typeof later) => {
    later = listener
    return [learned('www.example.org')]
  }
  for (const isTerminal of [true, false]) {
    tellOfSites({ onSites }, telling(isTerminal))
    later(learned('late.example.org'))
  }
  const first = 'Front www.example.org: TLS 1.3, X25519MLKEM768, one encrypted record: mirrored as it is\n'
  expect(said).toEqual([first, first.replace('www', 'late'), first])
  expect(logged).toHaveLength(4)
  expect(logged[0]).toMatchObject({ domain: 'www.example.org', records: { tdlib: 1 } })
})
