/**
 * Keys of the contract that this version cannot honour. Using one is an error, unless the value says what happens
 * anyway (`off`). A capability that arrives deletes its rows.
 *
 * `path`: `*` stands for any name or index. A row also covers everything below its path.
 */
export interface NotYet {
  readonly path: string
  /** Values that mean the absence of the capability, and are therefore fine. */
  readonly off?: readonly unknown[]
}

export const NOT_YET: readonly NotYet[] = [
  { path: 'metrics.statsd' },
  { path: 'control.listen', off: [''] },
  { path: 'control.allow' },
  { path: 'control.token_file' },
  { path: 'control.token', off: [[]] },
  { path: 'control.read_only' },
  { path: 'control.dashboard', off: [false] },
  { path: 'webhook', off: [[]] },
  { path: 'page' },
  { path: 'state.url', off: [''] },
  { path: 'process.takeover_drain', off: ['15m'] },
]
