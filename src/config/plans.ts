import type { z } from 'zod'
import { asTable } from './cross-checks.ts'
import type { schema } from './schema.ts'
import type { Table } from './toml.ts'

type Output = z.output<typeof schema>

/**
 * Gives every user the keys of its plan that it does not have itself. What the file says decides, not what the schema
 * filled in: a default of the user must not hide what the plan says, nor a default of the plan count as said.
 */
export function applyPlans(output: Output, tree: Table): Output {
  const users = asTable(tree.users)
  const plans = asTable(tree.plans)
  const entries = Object.entries(output.users).map(([name, user]) => {
    const plan = user.plan === undefined ? undefined : output.plans[user.plan]
    if (user.plan === undefined || plan === undefined) return [name, user] as const
    const own = asTable(users[name])
    const said = Object.keys(asTable(plans[user.plan])).filter((key) => !Object.hasOwn(own, key))
    const inherited = Object.fromEntries(Object.entries(plan).filter(([key]) => said.includes(key)))
    return [name, { ...user, ...inherited }] as const
  })
  return { ...output, users: Object.fromEntries(entries) }
}
