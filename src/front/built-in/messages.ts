/** What the thread of the built-in site is told when it starts. */
export interface SiteThreadData {
  readonly domain: string
  /** Folder that keeps this site's key, certificate and seed. */
  readonly folder: string
  readonly root: string | undefined
  /** 0: any free port. */
  readonly port: number
}

/** From the thread. Log lines have the shape of every thread's. */
export type FromSiteThread =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'log'
      readonly level: 'info' | 'warn'
      readonly event: string
      readonly fields: object
    }
