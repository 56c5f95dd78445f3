import { expect, test } from 'vitest'
import type { SiteNews } from '../server/supervisor.ts'
import { tellOfSites } from './tell-of-sites.ts'

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
  const log = { warn: (event: string, fields?: object) => logged.push({ event, ...fields }) }
  tellOfSites({ onSites }, { human, log, logIsRead })
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
