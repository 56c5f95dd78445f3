/** Numbers of the WebAssembly core specification 2.0, §5. */
const I32 = 0x7f
const V128 = 0x7b
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10, data: 11 }
const EXPORTED = { function: 0, memory: 2 }
const VECTOR_PREFIX = 0xfd
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** One function: parameters of 32 bits, no result, a body that is written in the order of the stack. */
export class Body {
  readonly parameters: number
  readonly #locals: number[] = []
  readonly #code: number[] = []

  constructor(parameters: number) {
    this.parameters = parameters
  }

  /** The number of a new local, 0 at first. */
  integer(): number {
    return this.#local(I32)
  }

  vector(): number {
    return this.#local(V128)
  }

  get(local: number): this {
    return this.#put(0x20, ...unsigned(local))
  }

  set(local: number): this {
    return this.#put(0x21, ...unsigned(local))
  }

  tee(local: number): this {
    return this.#put(0x22, ...unsigned(local))
  }

  constant(value: number): this {
    return this.#put(0x41, ...signed(value))
  }

  addInteger(): this {
    return this.#put(0x6a)
  }

  subtractInteger(): this {
    return this.#put(0x6b)
  }

  load(offset: number): this {
    return this.#vector(0x00, 4, ...unsigned(offset))
  }

  /** One word into all lanes. */
  loadSplat(offset: number): this {
    return this.#vector(0x09, 2, ...unsigned(offset))
  }

  store(offset: number): this {
    return this.#vector(0x0b, 4, ...unsigned(offset))
  }

  add(): this {
    return this.#vector(0xae)
  }

  xor(): this {
    return this.#vector(0x51)
  }

  /** Of the first operand where the bits of the third are set, of the second where not. */
  select(): this {
    return this.#vector(0x52)
  }

  shiftLeft(by: number): this {
    return this.constant(by).#vector(0xab)
  }

  shiftRight(by: number): this {
    return this.constant(by).#vector(0xad)
  }

  /** Again and again, while what `write` leaves on the stack is not 0. */
  loop(write: () => void): this {
    this.#put(0x03, 0x40)
    write()
    return this.#put(0x0d, 0, 0x0b)
  }

  bytes(): number[] {
    const locals = this.#locals.flatMap((type) => [1, type])
    return sized([...unsigned(this.#locals.length), ...locals, ...this.#code, 0x0b])
  }

  #local(type: number): number {
    return this.parameters + this.#locals.push(type) - 1
  }

  #vector(operation: number, ...immediates: number[]): this {
    return this.#put(VECTOR_PREFIX, ...unsigned(operation), ...immediates)
  }

  #put(...bytes: number[]): this {
    this.#code.push(...bytes)
    return this
  }
}

interface ModuleParts {
  /** Of the memory, 64 KiB each. */
  readonly pages: number
  readonly data: { readonly at: number; readonly bytes: Uint8Array }
  readonly functions: Readonly<Record<string, Body>>
}

/** A module that exports its memory and these functions. */
export function moduleOf({ pages, data, functions }: ModuleParts): Uint8Array<ArrayBuffer> {
  const bodies = Object.values(functions)
  const exported = Object.keys(functions).map((name, index) => [...text(name), EXPORTED.function, index])
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(
      SECTION.type,
      bodies.map(({ parameters }) => [0x60, parameters, ...Array<number>(parameters).fill(I32), 0]),
    ),
    ...section(
      SECTION.function,
      bodies.map((_, index) => [index]),
    ),
    ...section(SECTION.memory, [[0, pages]]),
    ...section(SECTION.export, [...exported, [...text('memory'), EXPORTED.memory, 0]]),
    ...section(
      SECTION.code,
      bodies.map((body) => body.bytes()),
    ),
    ...section(SECTION.data, [[0, 0x41, ...signed(data.at), 0x0b, ...sized([...data.bytes])]]),
  ])
}

function section(id: number, entries: readonly number[][]): number[] {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])]
}

function text(name: string): number[] {
  return sized([...new TextEncoder().encode(name)])
}

function sized(bytes: number[]): number[] {
  return [...unsigned(bytes.length), ...bytes]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** Of a number that is not negative. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
