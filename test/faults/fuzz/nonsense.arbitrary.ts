import * as fc from 'fast-check';

/** Bytes that are no single well-formed request, as latin-1, and how the connection ends after them. */
export interface Nonsense {
  kind: 'nonsense';
  bytes: string;
  ending: 'closed' | 'cut';
}

const PAY = 'POST /v1/payment_intents HTTP/1.1\r\nhost: b\r\ncontent-type: application/json\r\n';
const GET = 'GET /healthz HTTP/1.1\r\nhost: b\r\n';

const SPELT = [
  '\r\n\r\n',
  '\n\n\n\n',
  'PAY ME\r\n\r\n',
  'GET /healthz\r\n\r\n',
  'GET /healthz HTTP/0.9\r\n\r\n',
  'GET /healthz HTTP/1.0\r\n\r\n',
  'GET /healthz HTTP/2.0\r\n\r\n',
  'GET /healthz HTTP/9.9\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n\r\n',
  'GET /healthz HTTP/1.1\nhost: b\n\n',
  'GET  /healthz HTTP/1.1\r\nhost: b\r\n\r\n',
  'GET /health z HTTP/1.1\r\nhost: b\r\n\r\n',
  'get /healthz HTTP/1.1\r\nhost: b\r\n\r\n',
  'FOO /healthz HTTP/1.1\r\nhost: b\r\n\r\n',
  'CONNECT bursar:443 HTTP/1.1\r\nhost: b\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  '\x00'.repeat(4_096),
  `${GET}host: c\r\n\r\n`,
  `${GET}x y: z\r\n\r\n`,
  `${GET}: z\r\n\r\n`,
  `${GET}x: y\r\n folded: z\r\n\r\n`,
  `${GET}x: a\x00b\r\n\r\n`,
  `${GET}x: a\rb\r\n\r\n`,
  `${GET}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n`,
  `${GET}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n`,
  `${GET}${'x: y\r\n'.repeat(3_000)}\r\n`,
  `${GET}x: ${'y'.repeat(100_000)}\r\n\r\n`,
  `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nhost: b\r\n\r\n`,
  `${PAY}content-length: -1\r\n\r\n{}`,
  `${PAY}content-length: 0x2\r\n\r\n{}`,
  `${PAY}content-length: +2\r\n\r\n{}`,
  `${PAY}content-length: 99999999999999999999\r\n\r\n{}`,
  `${PAY}content-length: 70000\r\n\r\n{}`,
  `${PAY}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
  `${PAY}content-length: 2, 2\r\n\r\n{}`,
  `${PAY}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`,
  `${PAY}transfer-encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
  `${PAY}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nauthorization: Bearer x\r\n\r\n`,
  `${PAY}transfer-encoding: chunked\r\n\r\n2\r\n{}`,
  `${PAY}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`,
  `${GET}content-length: 30\r\n\r\nGET /v1/agents HTTP/1.1\r\n\r\n`,
  `${GET}\r\n`.repeat(40),
  `${GET}\r\nPAY ME\r\n\r\n${GET}\r\n`,
  `${GET}\r\n${PAY}content-length: 2\r\n\r\n{}${GET}\r\n${GET}`,
] as const;

const bytes = fc
  .uint8Array({ maxLength: 2_000 })
  .map((array) => Buffer.from(array).toString('latin1'));

/** A well-known piece with other bytes somewhere in it, or cut off there. */
const damaged = fc
  .tuple(fc.constantFrom(...SPELT), fc.nat(400), bytes, fc.boolean())
  .map(([text, at, other, cut]) => text.slice(0, at) + (cut ? '' : other + text.slice(at)));

export const nonsense: fc.Arbitrary<Nonsense> = fc.record({
  kind: fc.constant('nonsense'),
  bytes: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...SPELT) }, damaged, bytes),
  ending: fc.constantFrom('closed', 'closed', 'cut'),
});
