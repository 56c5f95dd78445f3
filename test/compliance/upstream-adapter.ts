import type { DialFailure, DialResources } from '../../src/net/dial.ts'
import type { Endpoint } from '../../src/net/endpoint.ts'
import type { Upstream } from '../../src/upstream/upstream.ts'
import type { Dialect } from '../doubles/proxy-dialects.ts'

export interface UpstreamAdapter {
  readonly name: string
  /** @param server of which it is to be the upstream; the straight way has none */
  make(server: Endpoint, resources: DialResources, bind?: string): Upstream
  readonly dialect: Dialect
  /** The target itself is dialled. */
  readonly isStraight?: boolean
  /** Names and addresses that it can be asked for. */
  readonly targets: readonly string[]
  /** Addresses that it has no form for. */
  readonly cannotReach?: readonly string[]
  /** Answers of a proxy that cannot or will not, and what they are told as. Absent: the protocol has no answer. */
  readonly refusals?: readonly (readonly [answer: Buffer, failure: DialFailure])[]
  /** One whose login the proxy does not know. */
  readonly makeStranger?: (server: Endpoint, resources: DialResources) => Upstream
  /** What is no answer at all, and what that is told as. */
  readonly garbage: readonly (readonly [answer: Buffer, failure: DialFailure])[]
}
