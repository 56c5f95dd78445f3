/** Small plots as SVG text, for Markdown beside them. */

const WIDTH = 760
const FONT = 'font-family="sans-serif" font-size="12"'
const COLOURS = ['#3b6ea5', '#9aa5b1', '#c2452d', '#5a8f3c', '#8a5aa5']

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function text(x: number, y: number, words: string, anchor = 'start', colour = '#222'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}" ${FONT}>${escaped(words)}</text>`
}

function frame(height: number, parts: readonly string[]): string {
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="white"/>${parts.join('\n')}</svg>\n`
}

export interface IntervalRow {
  readonly label: string
  readonly value: number
  readonly low: number
  readonly high: number
  /** Of the colours, one. */
  readonly kind: number
}

/** Intervals in rows, from 0.4 to 1, with a line at one half. */
export function intervals(title: string, rows: readonly IntervalRow[], legend: readonly string[]): string {
  const [left, row] = [290, 18]
  const height = 60 + rows.length * row
  const x = (value: number) => left + ((Math.max(0.4, Math.min(1, value)) - 0.4) / 0.6) * (WIDTH - left - 30)
  const ticks = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((tick) => {
    const colour = tick === 0.5 ? '#222' : '#ddd'
    return `<line x1="${x(tick)}" x2="${x(tick)}" y1="40" y2="${height - 15}" stroke="${colour}"/>${text(x(tick), 36, tick.toFixed(1), 'middle', '#666')}`
  })
  const marks = rows.map(({ label, value, low, high, kind }, at) => {
    const y = 52 + at * row
    const colour = COLOURS[kind]!
    return `${text(left - 8, y + 4, label, 'end')}<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="3"/><circle cx="${x(value)}" cy="${y}" r="4" fill="${colour}"/>`
  })
  const names = legend.map((name, at) => text(420 + at * 150, 16, `● ${name}`, 'start', COLOURS[at]))
  return frame(height, [text(10, 16, title), ...names, ...ticks, ...marks])
}

export interface Series {
  readonly name: string
  readonly values: readonly number[]
}

/** The share of values up to each; the axis ends where 99 % of all are. */
export function cumulative(title: string, unit: string, series: readonly Series[]): string {
  const [left, top, height] = [50, 40, 260]
  const all = series.flatMap(({ values }) => values).sort((a, b) => a - b)
  const [first, last] = [all[Math.floor(all.length * 0.002)]!, all[Math.floor(all.length * 0.99)]!]
  const low = Math.min(first, 0)
  const x = (value: number) =>
    left + ((Math.min(last, Math.max(low, value)) - low) / (last - low || 1)) * (WIDTH - left - 30)
  const y = (share: number) => height - 30 - share * (height - 30 - top)
  const axis = Array.from({ length: 6 }, (_, at) => low + ((last - low) * at) / 5).map((value) =>
    text(x(value), height - 12, value.toFixed(last - low < 10 ? 2 : 0), 'middle', '#666'),
  )
  const shares = [0, 0.5, 1].map(
    (share) =>
      `<line x1="${left}" x2="${WIDTH - 30}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>${text(left - 6, y(share) + 4, share.toFixed(1), 'end', '#666')}`,
  )
  const lines = series.map(({ values }, at) => {
    const sorted = values.toSorted((a, b) => a - b)
    const step = Math.max(1, Math.floor(sorted.length / 300))
    const points = sorted
      .map((value, index) => ({ value, share: (index + 1) / sorted.length, index }))
      .filter(({ index }) => index % step === 0 || index === sorted.length - 1)
      .map(({ value, share }) => `${x(value).toFixed(1)},${y(share).toFixed(1)}`)
    return `<polyline fill="none" stroke="${COLOURS[at]}" stroke-width="1.6" points="${points.join(' ')}"/>`
  })
  const names = series.map(({ name }, at) => text(330 + at * 140, 16, `● ${name}`, 'start', COLOURS[at]))
  return frame(height, [text(10, 16, `${title}, ${unit}`), ...names, ...axis, ...shares, ...lines])
}
