import { describe, expect, test } from 'vitest'
import { Wheel } from '../net/wheel.ts'
import { ClientBook } from './client-book.ts'
import { type ClientCounts, ClientTally } from './client-tally.ts'

const sampled = (book: ClientBook, names?: readonly string[]) =>
  book.metrics(names).flatMap(({ name, samples }) => samples().map((sample) => ({ name, ...sample })))

describe('what a worker has seen of authentic clients', () => {
  test('is told once a second, if there is something', () => {
    const wheel = new Wheel()
    const posted: ClientCounts[] = []
    const tally = new ClientTally(wheel, (counts) => posted.push(counts))
    wheel.advance(3000)
    expect(posted).toEqual([])
    tally.hello('t13d1516h2_a_b')
    tally.hello('t13d1516h2_a_b')
    tally.answered(3, true)
    tally.answered(3, false)
    wheel.advance(3000)
    expect(posted).toEqual([{ hellos: [['t13d1516h2_a_b', 2]], users: [[3, 1, 1]] }])
  })

  test('is bounded, in a message and in the metric', () => {
    const wheel = new Wheel()
    const book = new ClientBook()
    const tally = new ClientTally(wheel, (counts) => {
      expect(counts.hellos.length).toBeLessThanOrEqual(65)
      book.add(counts)
    })
    for (let round = 0; round < 10; round++) {
      for (let kind = 0; kind < 100; kind++) tally.hello(`${round}-${kind}`)
      wheel.advance(1000)
    }
    const samples = sampled(book)
    expect(samples.length).toBeLessThanOrEqual(101)
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(1000)
  })
})

test('sums are of all workers, and a user’s name is shown only where that was asked for', () => {
  const book = new ClientBook()
  book.add({ hellos: [['x', 1]], users: [[1, 2, 0]] })
  book.add({ hellos: [['x', 2]], users: [[1, 0, 5]] })
  expect(book.of(1)).toEqual({ ok: 2, silent: 5 })
  expect(sampled(book)).toEqual([{ name: 'client_hellos_total', labels: { ja4: 'x' }, value: 3 }])
  expect(sampled(book, ['alice', 'bob']).slice(1)).toEqual([
    { name: 'user_answers_total', labels: { user: 'alice', first_data: 'ok' }, value: 0 },
    { name: 'user_answers_total', labels: { user: 'alice', first_data: 'none' }, value: 0 },
    { name: 'user_answers_total', labels: { user: 'bob', first_data: 'ok' }, value: 2 },
    { name: 'user_answers_total', labels: { user: 'bob', first_data: 'none' }, value: 5 },
  ])
})
