import { expectTypeOf, test } from 'vitest'
import type { Refusal } from '../access/admission.ts'
import type { RelayEnd } from '../relay/relay.ts'
import type { MiddleFailure } from '../telegram/middle/failure.ts'
import type { LabelValue } from '../telemetry/catalogue.ts'

test('a metric has no label value that nothing counts', () => {
  expectTypeOf<LabelValue<'refused', 'reason'>>().toEqualTypeOf<Refusal | 'unauthenticated' | 'descriptors'>()
  expectTypeOf<LabelValue<'sessionsTotal', 'result'>>().toEqualTypeOf<RelayEnd | 'no_road' | 'unknown_dc'>()
  expectTypeOf<LabelValue<'middleConnectionsLost', 'reason'>>().toEqualTypeOf<
    Exclude<MiddleFailure, 'retired'>
  >()
})
