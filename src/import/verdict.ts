/** What became of one key of the old configuration. */
export type Verdict =
  /** Says the same here. */
  | { readonly outcome: 'carried'; readonly to: string; readonly how?: string }
  /** Says something else here, or something close. */
  | { readonly outcome: 'changed'; readonly to?: string; readonly how: string }
  | { readonly outcome: 'not carried'; readonly how: string }

/** One line of the report. */
export interface ReportLine {
  /** As the old configuration names it, dotted. */
  readonly key: string
  readonly outcome: Verdict['outcome'] | 'unknown'
  /** The key of portico that says it now, dotted. */
  readonly to?: string
  readonly how?: string
}

export function carried(to: string, how?: string): Verdict {
  return { outcome: 'carried', to, ...(how === undefined ? {} : { how }) }
}

export function changed(how: string, to?: string): Verdict {
  return { outcome: 'changed', how, ...(to === undefined ? {} : { to }) }
}

export function dropped(how: string): Verdict {
  return { outcome: 'not carried', how }
}
