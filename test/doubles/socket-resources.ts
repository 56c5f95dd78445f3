import { Descriptors } from '../../src/net/descriptors.ts'
import { OutgoingBuffers } from '../../src/net/outgoing.ts'
import { SharedReads } from '../../src/net/static-read.ts'
import { UnwatchedLegs } from '../../src/net/unwatched-legs.ts'

/** What the sockets of one thread share; reads are the usual ones until somebody calls `reads.probe`. */
export function socketResources() {
  const reads = new SharedReads()
  return {
    reads,
    outgoing: new OutgoingBuffers(reads.buffer),
    unwatched: new UnwatchedLegs(),
    descriptors: new Descriptors(new SharedArrayBuffer(4), 0, 10_000),
  }
}
