import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

function loop() {
  const turns: (() => void)[] = []
  const nextTurn = () => new Promise<void>((resolve) => turns.push(resolve))
  return {
    turns: new Turns(nextTurn),
    go: async () => {
      turns.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('one goes on at each turn of the loop, in the order in which they came', async () => {
  const { turns, go } = loop()
  const went: string[] = []
  const take = async (name: string) => {
    for (let n = 0; n < 2; n++) {
      await turns.mine()
      went.push(name)
    }
  }
  void take('a')
  void take('b')
  await go()
  expect(went).toEqual(['a'])
  for (let n = 0; n < 3; n++) await go()
  expect(went).toEqual(['a', 'b', 'a', 'b'])
})

test('whoever is impatient goes on at once, and takes nobody’s turn', async () => {
  const { turns, go } = loop()
  const went: string[] = []
  let late = false
  void turns.mine().then(() => went.push('first'))
  void turns.mine().then(() => went.push('second'))
  void turns.mine(() => late).then(() => went.push('impatient'))
  late = true
  await go()
  expect(went).toEqual(['first', 'impatient'])
  await go()
  expect(went).toEqual(['first', 'impatient', 'second'])
})
