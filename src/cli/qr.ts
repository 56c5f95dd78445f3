import { encode, renderSVG, renderUnicodeCompact } from 'uqr'
import type { Output } from './surroundings.ts'

/** A QR code in half blocks, or undefined where the terminal is too narrow for it. Drawn here, sent nowhere. */
export function qrText(link: string, { columns, isTerminal, colour }: Output): string | undefined {
  const { size } = encode(link, { border: 2 })
  if (isTerminal && size > columns) return undefined
  const drawing = renderUnicodeCompact(link, { border: 2 })
  if (!colour) return drawing
  // White on black whatever the colours of the terminal: many scanners do not read an inverted code.
  return drawing
    .split('\n')
    .map((line) => `\u001b[97;40m${line}\u001b[0m`)
    .join('\n')
}

export function qrSvg(link: string): string {
  return renderSVG(link, { border: 4 })
}
