import { judgedInterval } from '../judged-interval.ts'
import type { AucInterval } from '../statistics/auc.ts'

/** With the interval by which the run is judged; bold where it leaves out one half. */
export function aucText(classified: AucInterval, width: number): string {
  const { low, high, isToldApart } = judgedInterval(classified, width)
  const bold = isToldApart ? '**' : ''
  return `${bold}${classified.auc.toFixed(3)}${bold} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}

export function milliseconds(value: number): string {
  return value.toFixed(2)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
