/** Longer than the kernel takes as one command line would be by far. */
const LONGEST = 65_536

/** One piece of a word: in single quotes, in double quotes, behind a backslash, or plain. */
const PIECE = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|(\s+)/y

/** The words of a command as a shell splits them: quotes and backslashes, but no variables. Undefined: a quote is open. */
export function shellWords(line: string): string[] | undefined {
  if (line.length > LONGEST) return undefined
  const text = line.replaceAll('\\\n', '')
  const words: string[] = []
  let word: string | undefined
  PIECE.lastIndex = 0
  while (PIECE.lastIndex < text.length) {
    const piece = PIECE.exec(text)
    if (piece === null) return undefined
    const [, single, double, escaped, plain, blank] = piece
    if (blank === undefined) {
      word = (word ?? '') + (single ?? double?.replace(/\\([\s\S])/g, '$1') ?? escaped ?? plain ?? '')
    } else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}

/**
 * The words behind the program in a command line, a script or a systemd unit (its ExecStart), or undefined where no
 * official proxy is started.
 */
export function officialWords(text: string): string[] | undefined {
  const start = /^[ \t]*ExecStart=[-@:+!]*/m.exec(text)
  const from = start === null ? commandAt(text) : start.index + start[0].length
  if (from === undefined) return undefined
  const words = shellWords(logicalLine(text.slice(from)))
  const program = words?.findIndex((word) => /(?:^|\/)(?:mtproto-proxy|mtproxy)$/i.test(word)) ?? -1
  if (words === undefined || (program < 0 && !words.includes('-S'))) return undefined
  return words.slice(program + 1)
}

/** Where the line begins that names the program or its secret. */
function commandAt(text: string): number | undefined {
  const found = /^(?!\s*#).*?(?:\bmtproto-proxy\b|(?:^|\s)-S\s*[0-9a-fA-F]{16})/m.exec(text)
  return found?.index
}

/** Up to the end of the line that no backslash continues. */
function logicalLine(text: string): string {
  const end = /(?<!\\)\r?\n/.exec(text)
  return (end === null ? text : text.slice(0, end.index)).replaceAll('\r', '')
}
