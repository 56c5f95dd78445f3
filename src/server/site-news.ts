import type { SiteWarning } from '../front/checks.ts'
import type { Site, SiteFacts } from '../front/site.ts'

/** What an operator is told of the sites, each thing once: how one answers, and what is wrong with it. */
export type SiteNews =
  | { readonly type: 'learned'; readonly site: Site; readonly facts: SiteFacts }
  | { readonly type: 'warning'; readonly warning: SiteWarning }
