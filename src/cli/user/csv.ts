export class CsvError extends Error {
  readonly code = 'bad_csv'
}

/** The rows of a table with a first line of names (RFC 4180; separated by commas, or semicolons where the first line has them). */
export function parseCsv(text: string): Record<string, string>[] {
  const separator = /^[^\n,]*;/.test(text) ? ';' : ','
  const [names, ...rows] = records(text.replace(/^\uFEFF/, ''), separator)
  if (!names) throw new CsvError('the table is empty')
  const keys = names.map((name) => name.trim())
  if (!keys.includes('name')) throw new CsvError('the first line names the keys, and one of them is "name"')
  return rows.map((row, index) => {
    if (row.length > keys.length) throw new CsvError(`row ${index + 2} has more fields than there are keys`)
    return Object.fromEntries(keys.map((key, at) => [key, (row[at] ?? '').trim()]))
  })
}

function records(text: string, separator: string): string[][] {
  const field = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"\\n\\r${separator}][^\\n\\r${separator}]*)?)(${separator}|\\r?\\n|$)`,
    'y',
  )
  const found: string[][] = []
  let row: string[] = []
  for (let at = 0; at < text.length; ) {
    field.lastIndex = at
    const match = field.exec(text)
    if (!match) throw new CsvError(`a field of row ${found.length + 1} is not closed`)
    at = field.lastIndex
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === separator && at < text.length) continue
    if (match[3] === separator) row.push('')
    if (row.length > 1 || row[0] !== '') found.push(row)
    row = []
  }
  return found
}
