import type { Config } from '../../config/schema.ts'
import type { Surroundings } from '../surroundings.ts'
import { linkTarget, type UserLink, userLinks } from '../user-link.ts'

/** Every link that works: for each listener, mode and name. */
export async function allLinks(config: Config, around: Surroundings): Promise<UserLink[]> {
  const targets = await Promise.all(config.listener.map((listener) => linkTarget(config, around, listener)))
  const names = [config.front.domain, ...config.front.site.map(({ domain }) => domain)]
  return Object.keys(config.users).flatMap((user) => {
    const own = config.users[user]?.domain
    return targets.flatMap((target) => userLinks(config, user, target, own === undefined ? names : [own]))
  })
}
