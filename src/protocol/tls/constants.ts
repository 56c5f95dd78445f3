// Numbers of TLS 1.3: RFC 8446 §4 and §5, RFC 6066 (server_name), RFC 7301 (ALPN), RFC 8879 (compress_certificate).

export const RECORD_HEADER = 5
export const HANDSHAKE_HEADER = 4

export const CHANGE_CIPHER_SPEC = 0x14
export const ALERT = 0x15
export const HANDSHAKE = 0x16
export const APPLICATION_DATA = 0x17

export const VERSION_MAJOR = 0x03
export const VERSION_MINOR = 0x03
export const TLS_13 = 0x0304

export const CLIENT_HELLO = 1
export const SERVER_HELLO = 2

/** Payload limit of a plaintext record (RFC 8446 §5.1). */
export const MAX_PLAIN_RECORD = 16_384
/** Payload limit of an encrypted record (RFC 8446 §5.2). */
export const MAX_CIPHERTEXT_RECORD = 16_640

/** `random` of a ClientHello that came in one record, and of a ServerHello: offset within the record. */
export const RANDOM_AT = 11
export const RANDOM_SIZE = 32
export const MAX_SESSION_ID = 32

export const SERVER_NAME = 0x0000
export const SUPPORTED_GROUPS = 0x000a
export const SIGNATURE_ALGORITHMS = 0x000d
export const ALPN = 0x0010
export const SUPPORTED_VERSIONS = 0x002b
export const KEY_SHARE = 0x0033
export const APPLICATION_SETTINGS = 0x44cd
export const ENCRYPTED_CLIENT_HELLO = 0xfe0d

export const X25519 = 0x001d
export const X25519_MLKEM768 = 0x11ec
