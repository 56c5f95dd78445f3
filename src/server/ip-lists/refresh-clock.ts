/** The network of a machine that has just started is there in seconds. */
const FIRST_RETRY = 5000
/** So that not all the porticos that were started by one update ask at one moment: a tenth more or less. */
const SPREAD = 0.1

/**
 * Milliseconds until a list is fetched again.
 * @param failures in a row
 * @param random from 0 to below 1
 */
export function nextRefresh(refresh: number, failures: number, random: number): number {
  const wait = failures === 0 ? refresh : Math.min(refresh, FIRST_RETRY * 2 ** (failures - 1))
  return wait * (1 - SPREAD + 2 * SPREAD * random)
}

/**
 * Milliseconds until the first fetch, where a copy was current at `freshAt`; 0 where there is none. A clock that was set
 * back makes nobody wait longer than usual.
 */
export function firstRefresh(
  refresh: number,
  freshAt: number | undefined,
  now: number,
  random: number,
): number {
  if (freshAt === undefined) return 0
  return Math.max(0, nextRefresh(refresh, 0, random) - Math.max(0, now - freshAt))
}
