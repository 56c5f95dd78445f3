/** Value that a standard normal variable exceeds with probability `tail` < 0.5 (Abramowitz and Stegun 26.2.23, error below 4.5e-4). */
export function normalQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail))
  const above = 2.515517 + t * (0.802853 + t * 0.010328)
  const under = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  return t - above / under
}
