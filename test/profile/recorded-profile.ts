import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SiteProfile } from '../../src/front/profile.ts'
import type { Portico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'

/** What a portico with one site has recorded of it, once it is as asked for. */
export function recordedProfile(
  { dir }: Portico,
  isEnough: (profile: SiteProfile) => boolean,
): Promise<SiteProfile> {
  const folder = join(dir, 'state', 'profiles')
  return waitFor(
    'the front to be recorded',
    () => {
      const profile = readProfile(folder)
      return profile && isEnough(profile) ? profile : undefined
    },
    60_000,
  )
}

function readProfile(folder: string): SiteProfile | undefined {
  try {
    const name = readdirSync(folder).find((each) => each.endsWith('.json'))
    return name === undefined
      ? undefined
      : (JSON.parse(readFileSync(join(folder, name), 'utf8')) as SiteProfile)
  } catch {
    // Not made yet, or just being replaced.
    return undefined
  }
}
