/** One client's share of a connection to a middle proxy. */
export interface MiddleLink {
  receiver: MiddleReceiver
  /** True when the kernel has everything that was written to the shared connection. */
  readonly drained: boolean
  /** False: it takes no more now; `onLinkDrain` follows. */
  send(message: Buffer, flags: { readonly encrypted: boolean; readonly quickAck: boolean }): boolean
  /** The client is gone: the middle proxy is told. Nothing is received afterwards. */
  close(): void
}

/** Whom a link tells. Buffers are valid during the call only. */
export interface MiddleReceiver {
  onAnswer(message: Buffer): void
  onQuickAck(token: number): void
  /** No more answers are there now. */
  onAnswersRead(): void
  onLinkDrain(): void
  /** closed: the middle proxy ended this client. lost: the shared connection is gone. */
  onLinkEnd(how: 'closed' | 'lost'): void
}
