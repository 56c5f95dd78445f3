const LONGEST = 64

/** A name that portico allows and that is not in `taken`, as close to the old one as can be. */
export function freeName(old: string, taken: ReadonlySet<string>): string {
  const plain = old
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._@+-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/-+$/, '')
  const possible = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(old) ? old : plain.slice(0, LONGEST) || 'user'
  for (let count = 2, name = possible; ; count++) {
    if (!taken.has(name)) return name
    const ending = `-${count}`
    name = possible.slice(0, LONGEST - ending.length) + ending
  }
}
