import type { Draws } from './draws.ts'

/**
 * Text by slots rather than by sentences: a fixed sentence in the source would be a phrase to search the whole net for.
 */
type Words = readonly [string, ...string[]]

const words = (list: string): Words => list.split(' ') as unknown as Words

const ADJECTIVES = words(
  'quiet small old local early late simple spare open northern plain steady broad narrow bright warm cold dry odd fine long short wooden grey green second first patient careful common useful slow daily',
)
const NOUNS = words(
  'garden river workshop kitchen notebook window market table road station map letter bench lamp harbour orchard shelf clock bridge field lens engine ladder basket kettle bicycle radio drawer hill mill yard archive',
)
const PLURALS = words(
  'notes drawings tools apples walks boats books parts recipes photographs letters seeds trains repairs lists songs plans paths stones lights files tables stories measurements boxes',
)
const VERBS = words(
  'keeps shows needs brings holds changes follows meets leaves covers carries finds takes wants gathers',
)
const DOINGS = words(
  'mending sorting drawing reading planting measuring cooking walking writing building counting cleaning collecting testing painting',
)
const WHENS = words('today now again soon sometimes mostly lately always slowly twice usually')
const MONTHS = words('January February March April May June July August September October November December')
const ONSETS = words('b br d f g gr h k l m n p r s st t tr v w')
const VOWELS = words('a e i o u ai ea o a e')
const CODAS = words('n r l m s rd nd lt ck t ren lin well ton by ner')

export class Prose {
  readonly #draws: Draws

  constructor(draws: Draws) {
    this.#draws = draws
  }

  get noun(): string {
    return this.#draws.pick(NOUNS)
  }

  get plural(): string {
    return this.#draws.pick(PLURALS)
  }

  get adjective(): string {
    return this.#draws.pick(ADJECTIVES)
  }

  /** A made-up proper name. */
  get name(): string {
    const { pick, between } = bound(this.#draws)
    const syllables = between(1, 2) === 1 ? pick(ONSETS) + pick(VOWELS) : ''
    return capital(syllables + pick(ONSETS) + pick(VOWELS) + pick(CODAS))
  }

  get month(): string {
    return this.#draws.pick(MONTHS)
  }

  title(): string {
    const { pick, between } = bound(this.#draws)
    const forms = [
      () => `${capital(this.adjective)} ${this.plural}`,
      () => `The ${this.adjective} ${this.noun}`,
      () => `${this.name} ${this.noun}`,
      () => `${capital(pick(DOINGS))} ${this.plural}`,
      () => `${capital(this.plural)} and ${this.plural}`,
      () => `${capital(this.noun)} ${between(2, 40)}`,
    ] as const
    return pick(forms)()
  }

  sentence(): string {
    const { pick } = bound(this.#draws)
    const thing = () => (this.#draws.once(2) ? `${this.adjective} ${this.noun}` : this.noun)
    const forms = [
      () => `The ${thing()} ${pick(VERBS)} ${this.adjective} ${this.plural}`,
      () => `${pick(DOINGS)} ${this.plural} ${pick(VERBS)} a ${thing()} ${pick(WHENS)}`,
      () => `${pick(WHENS)} the ${this.noun} of ${this.name} ${pick(VERBS)} ${this.plural}`,
      () => `${this.adjective} ${this.plural}, ${this.adjective} ${this.plural} and a ${thing()}`,
      () => `in ${this.month} the ${thing()} ${pick(VERBS)} more ${this.plural}`,
    ] as const
    return `${capital(pick(forms)())}.`
  }

  paragraph(least = 1, most = 5): string {
    return this.#draws.several(least, most, () => this.sentence()).join(' ')
  }
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function bound(draws: Draws) {
  return {
    pick: <T>(choices: readonly [T, ...T[]]) => draws.pick(choices),
    between: (least: number, most: number) => draws.between(least, most),
  }
}
