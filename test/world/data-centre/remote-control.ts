import type { Behaviour } from './connection.ts'
import type { DataCentreCounters, FakeDataCentre } from './fake-data-centre.ts'

/** What a data centre in another process can be told, one JSON line each. */
export type Order =
  | { readonly do: 'counters' | 'stallAll' | 'resumeAll' | 'refuse' | 'accept' }
  | { readonly do: 'behave'; readonly behaviour: Behaviour }
  | { readonly do: 'finishAll'; readonly ending: 'fin' | 'reset' }
  | { readonly do: 'injectAll'; readonly hex: string }

export type NumberedOrder = Order & { readonly number: number }

export interface Hello {
  readonly host: string
  readonly port: number
  readonly pem: string
  readonly fingerprint: string
}

export type Answer = { readonly number: number; readonly counters?: DataCentreCounters }

export async function obey(dataCentre: FakeDataCentre, order: NumberedOrder): Promise<Answer> {
  const { number } = order
  switch (order.do) {
    case 'counters':
      return { number, counters: dataCentre.counters() }
    case 'behave':
      dataCentre.behave(order.behaviour)
      break
    case 'stallAll':
      dataCentre.stallAll()
      break
    case 'resumeAll':
      dataCentre.resumeAll()
      break
    case 'finishAll':
      dataCentre.finishAll(order.ending)
      break
    case 'injectAll':
      dataCentre.injectAll(Buffer.from(order.hex, 'hex'))
      break
    case 'refuse':
      await dataCentre.refuse()
      break
    case 'accept':
      await dataCentre.accept()
      break
  }
  return { number }
}
