import type { ClientHello } from './client-hello.ts'
import { APPLICATION_SETTINGS, ENCRYPTED_CLIENT_HELLO, X25519_MLKEM768 } from './constants.ts'

/** 'tdlib': TDLib, Desktop, Android; 'darwin': TDLib on macOS and iOS; 'legacy': the 517 bytes of iOS and older Desktop. */
export type HelloClass = 'tdlib' | 'darwin' | 'legacy'

/** The front's answer depends on what a hello offers; this tells the three kinds apart by that. */
export function helloClass(hello: ClientHello): HelloClass {
  if (!hello.keyShares.includes(X25519_MLKEM768)) return 'legacy'
  const types = hello.extensions
  const likeChrome = types.includes(APPLICATION_SETTINGS) || types.includes(ENCRYPTED_CLIENT_HELLO)
  return likeChrome ? 'tdlib' : 'darwin'
}

/**
 * A hello from its cipher suites on. Fields are hex and these words, each replaced by what it stands for:
 * `G0`…`G6` GREASE values, `sni` the server name list, `kem` and `x25519` key shares, `r1` and `r32` random bytes,
 * `ech` an ECH payload behind its length.
 */
export interface HelloLayout {
  /** One of these, drawn. */
  readonly cipherSuites: readonly string[]
  /** Type and body; of several bodies one is drawn. */
  readonly extensions: readonly (readonly [type: string, ...bodies: string[]])[]
  /** Whether the extensions between the first and the last are sent in random order. */
  readonly shuffled: boolean
  /** Record size up to which an extension 0015 fills the hello; 0: none. */
  readonly paddedTo: number
}

const H2_AND_HTTP = '000c 02 6832 08 687474702f312e31'
const HTTP_ONLY = '0009 08 687474702f312e31'
const OCSP = '01 0000 0000'
const SHARES = '04ed G4 0001 00 11ec 04c0 kem x25519 001d 0020 x25519'

// TDLib TlsInit.cpp: the list outside TD_DARWIN, after Chrome.
const TDLIB: HelloLayout = {
  cipherSuites: ['G0 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035'],
  extensions: [
    ['G2', ''],
    ['0000', 'sni'],
    ['0005', OCSP],
    ['000a', '000a G4 11ec 001d 0017 0018'],
    ['000b', '01 00'],
    ['000d', '0010 0403 0804 0401 0503 0805 0501 0806 0601'],
    ['0010', H2_AND_HTTP],
    ['0012', ''],
    ['0017', ''],
    ['001b', '02 0002'],
    ['0023', ''],
    ['002b', '06 G6 0304 0303'],
    ['002d', '01 01'],
    ['0033', SHARES],
    ['44cd', '0003 02 6832'],
    ['fe0d', '00 0001 0001 r1 0020 r32 ech'],
    ['ff01', '00'],
    ['G3', '00'],
  ],
  shuffled: true,
  paddedTo: 517,
}

// The list under TD_DARWIN, after Safari.
const DARWIN: HelloLayout = {
  cipherSuites: [
    'G0 1302 1301 1303 c02c c030 c02b cca9 c02f cca8 c00a c009 c014 c013',
    'G0 1302 1303 1301 c02c c02b cca9 c030 c02f cca8 c00a c009 c014 c013 009d 009c 0035 002f c008 c012 000a',
  ],
  extensions: [
    ['G2', ''],
    ['0000', 'sni'],
    ['0017', ''],
    ['ff01', '00'],
    ['000a', '000c G4 11ec 001d 0017 0018 0019'],
    ['000b', '01 00'],
    ['0010', HTTP_ONLY, H2_AND_HTTP],
    ['0005', OCSP],
    ['000d', '0014 0403 0804 0401 0503 0805 0805 0501 0806 0601 0201'],
    ['0012', ''],
    ['0033', SHARES],
    ['002d', '01 01'],
    ['002b', '06 G6 0304 0303'],
    ['001b', '02 0001'],
    ['G3', '00'],
  ],
  shuffled: false,
  paddedTo: 0,
}

// What TDLib and Desktop sent before key shares with ML-KEM.
const LEGACY: HelloLayout = {
  cipherSuites: TDLIB.cipherSuites,
  extensions: [
    ['G2', ''],
    ['0000', 'sni'],
    ['0017', ''],
    ['ff01', '00'],
    ['000a', '0008 G4 001d 0017 0018'],
    ['000b', '01 00'],
    ['0023', ''],
    ['0010', H2_AND_HTTP],
    ['0005', OCSP],
    ['000d', '0010 0403 0804 0401 0503 0805 0501 0806 0601'],
    ['0012', ''],
    ['0033', '0029 G4 0001 00 001d 0020 x25519'],
    ['002d', '01 01'],
    ['002b', '0a G6 0304 0303 0302 0301'],
    ['001b', '02 0002'],
    ['G3', '00'],
  ],
  shuffled: false,
  paddedTo: 517,
}

export const LAYOUTS: Record<HelloClass, HelloLayout> = { tdlib: TDLIB, darwin: DARWIN, legacy: LEGACY }
