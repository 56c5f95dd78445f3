/** Holm (1979): p values of one family, each adjusted so that comparing it with alpha keeps the family's error below alpha. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, at) => ({ p, at })).sort((a, b) => a.p - b.p)
  const adjusted = Array<number>(ps.length).fill(1)
  let running = 0
  for (const [rank, { p, at }] of order.entries()) {
    running = Math.max(running, Math.min(1, p * (ps.length - rank)))
    adjusted[at] = running
  }
  return adjusted
}
