/** Flows of two classes as numbers. Rows, labels and groups are of one length. */
export interface Dataset {
  readonly names: readonly string[]
  /** One row a flow, one number a name. */
  readonly rows: readonly Float64Array[]
  /** 0: the front. 1: what is compared with it. */
  readonly labels: Uint8Array
  /** Flows that were made in one stretch of the run are in one fold, or its drift would be learnt as a difference. */
  readonly groups: Uint32Array
}

export type Features = Readonly<Record<string, number>>

export interface Sample {
  readonly features: Features
  readonly group: number
}

/** A feature that one flow lacks is 0 in it. */
export function dataset(negatives: readonly Sample[], positives: readonly Sample[]): Dataset {
  const all = [...negatives, ...positives]
  const names = [...new Set(all.flatMap(({ features }) => Object.keys(features)))]
  return {
    names,
    rows: all.map(({ features }) => Float64Array.from(names, (name) => features[name] ?? 0)),
    labels: Uint8Array.from(all, (_, at) => (at < negatives.length ? 0 : 1)),
    groups: Uint32Array.from(all, ({ group }) => group),
  }
}

/** Gives each flow the logarithm of its odds of being of class 1. */
export type Score = (row: Float64Array) => number

export type Train = (rows: readonly Float64Array[], labels: Uint8Array) => Score
