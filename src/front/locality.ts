import type { Endpoint } from '../net/endpoint.ts'

/** RFC 1122 loopback, RFC 1918, RFC 3927, RFC 4193, RFC 4291 ::1 and link-local. */
const NEAR_ADDRESS =
  /^((127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.[\d.]+$|::1$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i

/**
 * Whether the endpoint is on this machine or its own network, as far as its spelling tells: a unix socket, a private
 * address, or a host name of one label (as container networks have). A front elsewhere answers with its own TCP stack and
 * round trip, which whoever watches can compare (Xue et al., NDSS 2025).
 */
export function isNear(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return true
  const host = endpoint.host.replace(/^\[|\]$/g, '')
  if (NEAR_ADDRESS.test(host)) return true
  return !host.includes('.') && !host.includes(':')
}
