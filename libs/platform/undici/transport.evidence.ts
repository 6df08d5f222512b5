/** Words for the audit. Whether the request was sent is not read from these. */
const EVIDENCE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_lookup_failed',
  EHOSTUNREACH: 'host_unreachable',
  ENETUNREACH: 'network_unreachable',
  EADDRNOTAVAIL: 'no_local_address',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ETIMEDOUT: 'connection_timed_out',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_closed',
  UND_ERR_HEADERS_TIMEOUT: 'response_timeout',
  UND_ERR_BODY_TIMEOUT: 'response_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'response_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'malformed_response',
  UND_ERR_INVALID_ARG: 'invalid_request',
  ERR_ADDRESS_NOT_ALLOWED: 'address_not_allowed',
  ERR_INVALID_URL: 'invalid_request',
  UND_ERR_CLOSED: 'client_closed',
  UND_ERR_DESTROYED: 'client_closed',
};

export function evidenceOf(error: unknown): string {
  if (!(error instanceof Error)) return 'transport_failed';
  // undici's parser gives a code only to some of its errors.
  if (error.name === 'HTTPParserError') return 'malformed_response';
  const code = 'code' in error ? String(error.code) : '';
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || /CERT|SIGNATURE/.test(code)) {
    return 'tls_failed';
  }
  return EVIDENCE[code] ?? 'transport_failed';
}
