import type { AucInterval } from '../statistics/auc.ts'

export function aucText({ auc, low, high }: AucInterval): string {
  return `${auc.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
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
