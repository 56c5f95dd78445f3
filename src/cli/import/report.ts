import type { Kind } from '../../import/peer.ts'
import type { ReportLine } from '../../import/verdict.ts'
import type { UserLink } from '../user-link.ts'

export interface ImportReport {
  readonly kind: Kind
  readonly file: string
  readonly report: readonly ReportLine[]
  readonly links: readonly UserLink[]
  readonly users: number
}

/** In the order in which somebody who decides needs them. */
const HEADINGS = {
  unknown: 'Not known, and not carried',
  'not carried': 'Not carried',
  changed: 'Carried with another meaning',
  carried: 'Carried',
} as const

/** More links than that are not read but searched. */
const MOST_LINKS = 20

/** What became of every key, the links, and what to do next. */
export function reportText({ kind, file, report, links, users }: ImportReport): string {
  const sections = (['unknown', 'not carried', 'changed', 'carried'] as const).flatMap((outcome) => {
    const lines = report.filter((line) => line.outcome === outcome)
    return lines.length === 0 ? [] : ['', `${HEADINGS[outcome]} (${lines.length}):`, ...lines.map(lineText)]
  })
  return `${[
    `Wrote ${file} from ${kind}: ${users} ${users === 1 ? 'user' : 'users'}`,
    ...sections,
    '',
    ...linkLines(links),
    'Next: read the file, stop the old proxy, start "portico run".',
  ].join('\n')}\n`
}

function lineText({ key, to, how }: ReportLine): string {
  const where = to === undefined ? '' : ` → ${to}`
  return `  ${key}${where}${how === undefined ? '' : `: ${how}`}`
}

function linkLines(links: readonly UserLink[]): string[] {
  if (links.length > MOST_LINKS) return [`${links.length} links: portico link --all`, '']
  return ['Links:', ...links.flatMap(({ user, tg }) => [`  ${user}  ${tg}`]), '']
}
