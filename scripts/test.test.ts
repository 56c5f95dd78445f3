import { describe, expect, test } from 'vitest'
import { countTests, lastLine, neededTools } from './test.mjs'

test.each([
  ['// needs: nginx openssl\nimport x', ['nginx', 'openssl']],
  ['/* about */\n// needs: curl, ss\n', ['curl', 'ss']],
  ['import x // needs: nginx', []],
  ['', []],
])('%j', (source, tools) => {
  expect(neededTools(source)).toEqual(tools)
})

describe('the count', () => {
  const report = {
    numPassedTests: 5,
    numFailedTests: 1,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: [
      { status: 'passed', assertionResults: [{}, {}] },
      { status: 'failed', assertionResults: [{}] },
      { status: 'failed', assertionResults: [] },
    ],
  }

  test('a file that does not load counts as a failure', () => {
    expect(countTests(report)).toEqual({ passed: 5, failed: 2, skipped: 2 })
  })

  test('stands in one line', () => {
    const count = { passed: 5, failed: 0, skipped: 0 }
    expect(lastLine([count, count])).toBe('10 passed, 0 failed')
    expect(lastLine([count, { passed: 1, failed: 2, skipped: 3 }])).toBe('6 passed, 2 failed, 3 skipped')
  })
})
