import type { Usage } from '@optique/core/usage'

/** Every option and command that a usage mentions, at any depth. */
export function knownWords(usage: Usage): Set<string> {
  return new Set(usage.flatMap(wordsOf))
}

function wordsOf(term: Usage[number]): string[] {
  switch (term.type) {
    case 'option':
      return [...term.names]
    case 'command':
      return [term.name]
    case 'optional':
    case 'multiple':
      return term.terms.flatMap(wordsOf)
    case 'exclusive':
      return term.terms.flatMap((branch) => branch.flatMap(wordsOf))
    default:
      return []
  }
}
