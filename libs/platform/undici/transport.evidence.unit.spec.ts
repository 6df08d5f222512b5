import { expect, it } from 'vitest';
import { evidenceOf } from './transport.evidence.js';

it.each([
  ['ECONNREFUSED', 'connection_refused'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['EHOSTUNREACH', 'host_unreachable'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
  ['SOMETHING_NEW', 'transport_failed'],
])('calls %s %s', (code, evidence) => {
  expect(evidenceOf(Object.assign(new Error('failed'), { code }))).toBe(evidence);
});

it('has a word for what is not even an error', () => {
  expect(evidenceOf(undefined)).toBe('transport_failed');
});
