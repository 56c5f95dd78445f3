import type { SiteWarning } from '../front/checks.ts'

/** What an operator is told of the sites, each thing once. */
export type SiteNews = { readonly type: 'warning'; readonly warning: SiteWarning }
