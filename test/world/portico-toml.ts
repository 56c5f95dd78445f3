/** What a test says about a portico; everything else keeps portico's own defaults. */
export interface PorticoSetup {
  readonly domain: string
  readonly front: 'built-in' | { readonly host: string; readonly port: number }
  /** Secrets by name, 32 hex. Default: `alice` with `ALICE`. */
  readonly users?: Record<string, string>
  /** Stands in for every data centre; `dataCentres` wins where it has an entry. */
  readonly dataCentre?: DataCentreAddress
  readonly dataCentres?: Record<number, readonly DataCentreAddress[]>
  /** More top-level keys, TOML. */
  readonly top?: string
  /** More keys of `[front]`, TOML. */
  readonly frontKeys?: string
  /** More keys of `[telegram]`, TOML. */
  readonly telegramKeys?: string
  /** More tables, TOML. */
  readonly tables?: string
}

export interface DataCentreAddress {
  readonly host: string
  readonly port: number
}

export const ALICE = '8f0c4a1be27d5936a0c4f1e2d3b4a596'

const DATA_CENTRES = [1, 2, 3, 4, 5, 203]

export function porticoToml(setup: PorticoSetup, port: number): string {
  const { users = { alice: ALICE }, telegramKeys = '' } = setup
  // A question of portico's own would be one more than a test counts.
  const probe = /^probe\b/m.test(telegramKeys) ? '' : 'probe = "off"\n'
  const tables = Object.entries(users).map(([name, secret]) => `[users.${name}]\nsecret = "${secret}"\n`)
  return `
listen = "127.0.0.1:${port}"
public_host = "127.0.0.1"
${setup.top ?? ''}

[front]
domain = "${setup.domain}"
address = "${setup.front === 'built-in' ? 'built-in' : address(setup.front)}"
${setup.frontKeys ?? ''}

[telegram]
${probe}${telegramKeys}

[telegram.data_centres]
${dataCentreLines(setup).join('\n')}

${tables.join('\n')}
${setup.tables ?? ''}
`
}

function dataCentreLines({ dataCentre, dataCentres = {} }: PorticoSetup): string[] {
  const all = new Map<string, readonly DataCentreAddress[]>()
  if (dataCentre) for (const dc of DATA_CENTRES) all.set(String(dc), [dataCentre])
  for (const [dc, addresses] of Object.entries(dataCentres)) all.set(dc, addresses)
  return [...all].map(([dc, list]) => `${dc} = [${list.map((each) => `"${address(each)}"`).join(', ')}]`)
}

function address({ host, port }: DataCentreAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
