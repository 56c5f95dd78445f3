/** Somebody who can be asked where a name leads. */
export type DnsServer =
  /** Whatever this host itself is set up with. */
  | { readonly kind: 'system' }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  /** DNS over TLS (RFC 7858). `name` is that of its certificate; absent: the host. */
  | { readonly kind: 'tls'; readonly host: string; readonly port: number; readonly name?: string | undefined }
  /** DNS over HTTPS (RFC 8484). */
  | { readonly kind: 'https'; readonly url: string }

/** Sends questions in DNS's own form and resolves to their answers, in the order of coming; others may be among them. */
export interface DnsTransport {
  /**
   * @param take an answer; true when it was one that is awaited
   * @param signal ends everything
   * @throws the system's error, or an Error with what is wrong
   */
  ask(questions: readonly Buffer[], take: (answer: Buffer) => boolean, signal: AbortSignal): Promise<void>
}
