import type { Leg } from '../net/leg.ts'
import type { OutgoingBuffers } from '../net/outgoing.ts'
import type { Wheel } from '../net/wheel.ts'
import type { ClientWriter } from './client-writer.ts'
import { RampedWriter } from './ramped-writer.ts'
import { RecordWriter } from './record-writer.ts'

/** The sizes of a site's records, where they are not the usual ones. */
export interface RecordSizes {
  /** Payload of a full record. */
  readonly fullRecord?: number | undefined
  /** Plaintext by which the first records grow. */
  readonly rampStep?: number | undefined
}

/** Records towards a client, as the site has them. */
export function tlsWriter(
  client: Leg,
  { fullRecord, rampStep }: RecordSizes,
  { outgoing, wheel }: { readonly outgoing: OutgoingBuffers; readonly wheel: Wheel },
): ClientWriter {
  const usual = new RecordWriter(client, outgoing, wheel, fullRecord)
  return rampStep === undefined ? usual : new RampedWriter(client, usual, rampStep)
}
