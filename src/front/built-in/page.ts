import type { Draws } from './draws.ts'
import { capital, Prose } from './prose.ts'

type Maker = (draws: Draws, prose: Prose, domain: string) => { title: string; content: string }

/**
 * The neutral page of a site that has no folder: an HTML document that differs between installations in kind, words, markup,
 * style and length, and is the same for ever within one. `domain` goes into some of them.
 */
export function makePage(draws: Draws, domain: string): string {
  const prose = new Prose(draws)
  const makers = [notebook, workshop, parked, catalogue, timetable, landing] as const
  const { title, content } = draws.pick<Maker>(makers)(draws, prose, domain)
  return layOut(draws, title, content)
}

const notebook: Maker = (draws, prose) => {
  const tag = draws.pick(['article', 'section', 'div'])
  const entries = draws.several(2, 6, () => {
    const date = `<small>${draws.between(1, 28)} ${prose.month}</small>`
    const text = draws.several(1, 3, () => `<p>${prose.paragraph()}</p>`).join('\n')
    return `<${tag}>\n<h2>${prose.title()}</h2>\n${date}\n${text}\n</${tag}>`
  })
  return { title: prose.title(), content: entries.join('\n') }
}

const workshop: Maker = (draws, prose) => {
  const firm = draws.once(2) ? `${prose.name} & ${prose.name}` : `${prose.name} ${capital(prose.noun)}`
  const opens = draws.between(7, 10)
  const hours = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri']
    .filter(() => !draws.once(5))
    .map((day) => `<tr><td>${day}</td><td>${opens}:00 – ${opens + draws.between(6, 9)}:00</td></tr>`)
  const offers = draws.several(2, 6, () => `<li>${capital(prose.adjective)} ${prose.plural}</li>`)
  return {
    title: firm,
    content: `<p>${prose.paragraph(2, 4)}</p>\n<ul>\n${offers.join('\n')}\n</ul>\n<table>\n${hours.join('\n')}\n</table>`,
  }
}

const parked: Maker = (draws, prose, domain) => {
  const text = draws.pick([
    `<p>${domain}</p>`,
    `<p><b>${domain}</b>: ${prose.month}</p>`,
    `<p>${prose.sentence()}</p>`,
  ])
  return { title: draws.once(2) ? domain : prose.title(), content: text }
}

const catalogue: Maker = (draws, prose) => {
  const rows = draws.several(4, 14, () => {
    const id = `${draws.letters(2, 3).toUpperCase()}-${draws.between(10, 999)}`
    return `<tr><td>${id}</td><td>${prose.title()}</td><td>${draws.between(1, 40)}</td></tr>`
  })
  return {
    title: `${prose.name}: ${prose.plural}`,
    content: `<table>\n${rows.join('\n')}\n</table>\n<p>${prose.paragraph()}</p>`,
  }
}

const timetable: Maker = (draws, prose) => {
  const items = draws.several(3, 9, () => {
    const when = `${draws.between(1, 28)} ${prose.month}, ${draws.between(8, 20)}:${draws.pick(['00', '15', '30'])}`
    return `<dt>${when}</dt>\n<dd>${prose.title()}, ${prose.name}</dd>`
  })
  return { title: prose.title(), content: `<dl>\n${items.join('\n')}\n</dl>` }
}

const landing: Maker = (draws, prose) => {
  const blocks = draws.several(
    2,
    4,
    () => `<div>\n<h3>${prose.title()}</h3>\n<p>${prose.paragraph(1, 3)}</p>\n</div>`,
  )
  return { title: prose.name, content: `<p>${prose.sentence()}</p>\n${blocks.join('\n')}` }
}

function layOut(draws: Draws, title: string, content: string): string {
  const wrapper = draws.pick(['main', 'div', 'section'])
  const name = draws.letters(3, 9)
  const attribute = draws.pick([`class="${name}"`, `id="${name}"`])
  const selector = attribute.startsWith('class') ? `.${name}` : `#${name}`
  const heading = draws.once(3) ? `<header>\n<h1>${title}</h1>\n</header>` : `<h1>${title}</h1>`
  const footer = draws.once(2) ? `\n<footer>${draws.pick(['&copy; ', '', '– '])}${title}</footer>` : ''
  const head = [
    `<meta charset="${draws.pick(['utf-8', 'UTF-8'])}">`,
    `<title>${title}</title>`,
    `<meta name="viewport" content="width=device-width${draws.pick([', initial-scale=1', ', initial-scale=1.0', ''])}">`,
    `<style>\n${styleSheet(draws, selector)}\n</style>`,
  ]
  if (draws.once(2)) head.splice(1, 0, head.splice(2, 1)[0]!)
  const page = [
    draws.pick(['<!DOCTYPE html>', '<!doctype html>']),
    draws.pick(['<html lang="en">', '<html>']),
    '<head>',
    ...head,
    '</head>',
    '<body>',
    `<${wrapper} ${attribute}>`,
    heading,
    content + footer,
    `</${wrapper}>`,
    '</body>',
    '</html>',
  ]
  const indent = draws.pick(['', '  ', '\t'])
  return `${page.map((line) => (line.startsWith('<meta') ? indent + line : line)).join('\n')}\n`
}

function styleSheet(draws: Draws, selector: string): string {
  const hue = draws.between(0, 359)
  const font = draws.pick([
    'Georgia, serif',
    'system-ui, sans-serif',
    'Helvetica, Arial, sans-serif',
    'monospace',
  ])
  const rules = [
    `body { font-family: ${font}; line-height: 1.${draws.between(3, 8)}; color: hsl(${hue}, ${draws.between(4, 30)}%, ${draws.between(10, 28)}%) }`,
    `${selector} { max-width: ${draws.between(30, 62)}em; margin: ${draws.between(1, 6)}em auto; padding: 0 ${draws.between(8, 30)}px }`,
    `h1 { font-size: ${draws.between(15, 32) / 10}em; font-weight: ${draws.pick(['normal', 'bold', '300', '600'])} }`,
    `td, dt { padding: ${draws.between(1, 6)}px ${draws.between(4, 16)}px }`,
    `p { margin: ${draws.between(4, 14) / 10}em 0 }`,
    `small { color: hsl(${hue}, 10%, ${draws.between(40, 60)}%) }`,
  ]
  return rules.filter((_, index) => index < 2 || !draws.once(3)).join('\n')
}
