import * as fc from 'fast-check';
import { METHODS } from 'node:http';
import { gzipSync } from 'node:zlib';
import { change, changedJson } from './json.mutation.js';
import { nonsense, type Nonsense } from './nonsense.arbitrary.js';
import type { Operation, Parameter } from './openapi.reader.js';
import { slot, valueOf } from './schema.arbitrary.js';
import { ACTORS, type Actor } from './world.fixture.js';

/** How a whole request leaves: `half_closed` sends nothing after it, `hung_up` cuts the connection before its end. */
export type Delivery = 'at_once' | 'chunked' | 'dripping' | 'pipelined' | 'half_closed' | 'hung_up';

/** What is done to the bytes of a body. */
export interface Spoiling {
  name: keyof typeof SPOILINGS;
  at: number;
}

/** A request that HTTP understands, as plain data; names in double braces are filled in when it is sent. */
export interface Request {
  kind: 'request';
  method: string;
  target: string;
  /** In the order and spelling they are sent, as latin-1. */
  headers: (readonly [name: string, value: string])[];
  body: string | null;
  spoiling: Spoiling;
  delivery: Delivery;
}

export type Input = Request | Nonsense;

const LINE_MAX = 3_000;

/** Each is a body that no operation takes, whatever it was before; only `none` leaves it as it is. */
export const SPOILINGS = {
  none: (body: Buffer) => body,
  cut: (body: Buffer, at: number) => body.subarray(0, 1 + (at % Math.max(1, body.length - 1))),
  marked: (body: Buffer) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
  not_utf8: (body: Buffer, at: number) => inserted(body, at, Buffer.from([0xc3, 0x28])),
  zero_byte: (body: Buffer) => Buffer.concat([body, Buffer.from([0])]),
  twice: (body: Buffer) => Buffer.concat([body, body]),
  gzip: (body: Buffer) => gzipSync(body),
  utf16: (body: Buffer) => Buffer.from(`\ufeff${body.toString()}`, 'utf16le'),
  too_large: (body: Buffer) => Buffer.concat([body, Buffer.alloc(66_000, ' ')]),
} satisfies Record<string, (body: Buffer, at: number) => Buffer>;

function inserted(body: Buffer, at: number, bytes: Buffer): Buffer {
  const index = at % (body.length + 1);
  return Buffer.concat([body.subarray(0, index), bytes, body.subarray(index)]);
}

const often = <T>(usual: fc.Arbitrary<T>, ...others: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6 * others.length, arbitrary: usual }, ...others);

const line = (max: number) => fc.string({ unit: 'binary-ascii', maxLength: max }).map(oneLine);

/** Without what would end the line: that is for `nonsense.arbitrary.ts`. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

const AUTHORIZATIONS = fc.oneof(
  fc.constantFrom(
    '',
    'Bearer',
    'Bearer ',
    'Bearer  {{key:agent}}',
    'bearer {{key:agent}}',
    'Bearer {{key:agent}}x',
    'Bearer {{key:agent}} {{key:operator}}',
    'Bearer {{key:agent}},Bearer {{key:operator}}',
    'Basic YTpi',
    'Bearer bk_test_unknown_secret',
    'Bearer bk_live___proto___x',
    'Bearer null',
    `Bearer bk_test_${'k'.repeat(5_000)}`,
    'Bearer bk_test_{{key_id:0}}_wrong',
    'Bearer \xff\xfe',
  ),
  line(40).map((text) => `Bearer ${text}`),
  line(40),
);
const IDEMPOTENCY_KEYS = fc.oneof(
  fc.constantFrom('again-1', 'again-2', 'again-3', '"again-1"'),
  fc.constantFrom(
    '',
    ' ',
    '""',
    '"',
    '"a',
    'a"b',
    '__proto__',
    '../x',
    'a,b',
    'a\tb',
    '\xe9',
    '\x7f',
  ),
  fc.constantFrom('k'.repeat(255), 'k'.repeat(256), 'k'.repeat(9_000)),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }).map(oneLine),
);
const OTHER_HEADERS: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc
    .constantFrom(
      ['content-type', 'text/plain'],
      ['content-type', 'application/json; charset=utf-8'],
      ['content-type', 'application/json; charset=utf-16'],
      ['content-type', 'application/json, text/plain'],
      ['content-type', 'application/merge-patch+json'],
      ['content-type', 'multipart/form-data; boundary=x'],
      ['content-type', 'application/x-www-form-urlencoded'],
      ['content-type', ''],
      ['content-type', '/'],
      ['content-encoding', 'gzip'],
      ['content-encoding', 'identity'],
      ['content-encoding', 'identity, br'],
      ['prefer', 'respond-async'],
      ['prefer', 'wait=0'],
      ['prefer', 'wait=1, respond-async'],
      ['prefer', 'wait=-1'],
      ['prefer', 'wait=99999999999999999999'],
      ['prefer', `wait=${'9'.repeat(3_000)}`],
      ['prefer', ',;=,,wait==;"'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ['traceparent', '00-00000000000000000000000000000000-0000000000000000-00'],
      ['traceparent', 'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ['traceparent', '\x01'],
      ['accept', 'text/html'],
      ['accept', '*/*;q=0'],
      ['accept-encoding', 'gzip, br, deflate'],
      ['accept-version', '99.0.0'],
      ['if-match', '*'],
      ['if-none-match', '*'],
      ['range', 'bytes=0-0'],
      ['origin', 'null'],
      ['cookie', '__proto__=1; a'],
      ['expect', '100-continue'],
      ['expect', 'a miracle'],
      ['connection', 'close'],
      ['connection', 'authorization, idempotency-key'],
      ['upgrade', 'h2c'],
      ['x-http-method-override', 'DELETE'],
      ['x-forwarded-for', '::1, \xff'],
      ['x-forwarded-host', 'evil.example'],
      ['x-original-url', '/v1/agents'],
      ['__proto__', 'polluted'],
      ['constructor', 'polluted'],
    )
    .map(([name = '', value = '']) => [name, value] as const),
  line(200).map((value) => ['x-anything', value] as const),
  line(200).map((value) => ['prefer', value] as const),
  line(80).map((value) => ['traceparent', value] as const),
);

const HEADER_CHANGES = fc.oneof(
  { weight: 3, arbitrary: OTHER_HEADERS.map(([name, value]) => ({ name, values: [value] })) },
  AUTHORIZATIONS.map((value) => ({ name: 'authorization', values: [value] })),
  IDEMPOTENCY_KEYS.map((value) => ({ name: 'idempotency-key', values: [value] })),
  fc
    .tuple(IDEMPOTENCY_KEYS, IDEMPOTENCY_KEYS)
    .map((values) => ({ name: 'idempotency-key', values })),
  fc.constantFrom(
    { name: 'authorization', values: ['Bearer {{key:agent}}', 'Bearer {{key:operator}}'] },
    { name: 'authorization', values: [] },
    { name: 'idempotency-key', values: [] },
    { name: 'content-type', values: [] },
    { name: 'content-type', values: ['application/json', 'text/plain'] },
    { name: 'traceparent', values: ['x', 'y'] },
    { name: 'prefer', values: ['wait=1', 'respond-async', 'wait=x'] },
    { name: 'x-many', values: Array<string>(150).fill('x') },
    { name: 'x-huge', values: ['x'.repeat(14_000)] },
    { name: 'x-too-huge', values: ['x'.repeat(40_000)] },
    { name: 'host', values: [''] },
    { name: 'host', values: ['evil.example:99999'] },
  ),
);

const NO_IDS = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '%2e%2e',
    '%2F',
    'a%2Fb',
    '..%2f..%2fhealthz',
    '%00',
    '%0d%0ax:y',
    '%',
    '%zz',
    '%c3%28',
    '%25',
    '%F0%9F%92%B3',
    '\xf0\x9f\x92\xb3',
    '*',
    ':id',
    '{id}',
    'null',
    '__proto__',
    'constructor',
    'pi_',
    'pi_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    'pi_AAAAAAAAAAAAAAAAAAAAAAAAAA',
    'pi_aaaaaaaaaaaaaaaaaaaaaaaaaa%0a',
    'agt_',
    'agt_unknown',
    'mnd_unknown',
    `agt_${'a'.repeat(64)}`,
    'a'.repeat(129),
    'a'.repeat(2_000),
    'a;b=c',
    'a,b',
    "' or 1=1",
    '$where',
    'a%20b',
    'a+b',
    '1e400',
    '-1',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(wellFormed(text))),
  fc.webSegment(),
);

/** Which kind of name a path parameter stands for. */
function poolOf(path: string, name: string): string {
  if (name === 'key_id') return 'key_id';
  const [, , collection] = path.split('/');
  return collection === 'agents' ? 'agent' : collection === 'mandates' ? 'mandate' : 'payment';
}

function pathFor({ path }: Operation): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    return often(
      slot(poolOf(path, name)),
      NO_IDS,
      fc.constantFrom('payment', 'agent', 'mandate', 'key_id', 'refund').chain(slot),
    );
  });
  const whole = fc.tuple(...parts).map((all) => all.join('/'));
  const spelt = whole.chain((usual) =>
    fc.constantFrom(
      `${usual}/`,
      `/${usual}`,
      `${usual}/extra`,
      `${usual};a=b`,
      `${usual}%20`,
      usual.toUpperCase(),
      usual.replace('/v1', '/%761'),
      usual.replace('/v1', '/v1/.'),
      usual.replace('/v1', '/v1/../v1'),
      usual.replace('/v1', '\\v1'),
      usual.slice(1),
      `http://127.0.0.1${usual}`,
      `http://evil.example${usual}`,
      `//evil.example${usual}`,
      `${usual}#fragment`,
    ),
  );
  return fc.oneof({ weight: 30, arbitrary: whole }, spelt);
}

const QUERY_VALUES = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e3',
    '1.5',
    '101',
    '9'.repeat(400),
    '%00',
    '%',
    '%ff',
    'null',
    'true',
    '[]',
    '__proto__',
    "'--",
    '%F0%9F%92%B3',
    'x'.repeat(3_000),
    '0000-00-00T00:00:00Z',
    '2026-02-30T00:00:00Z',
    'MA%3D%3D',
    '_'.repeat(512),
    'eyJwb3NpdGlvbiI6MX0',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(wellFormed(text))),
  fc.base64String({ maxLength: 60 }).map(encodeURIComponent),
);
const QUERY_EXTRAS = fc.oneof(
  fc.constantFrom(
    'surprise=1',
    '__proto__=1',
    '__proto__[a]=1',
    'constructor[prototype][a]=1',
    'limit[]=1',
    'limit[a]=1',
    'limit=1&limit=2',
    'cursor=a&cursor=b',
    'hasOwnProperty=1',
    '=',
    '&&&',
    '?',
    '%',
    '%E0%A4%A',
    'a'.repeat(5_000),
    Array.from({ length: 1_200 }, (_, index) => `a${index}=`).join('&'),
  ),
  fc.webQueryParameters(),
);

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function queryFor(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const pairs = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema }) =>
      often(
        valueOf(schema, name).map((value) => `${name}=${escaped(String(value))}`),
        QUERY_VALUES.map((value) => `${name}=${value}`),
      ),
    );
  const sensible = pairs.length === 0 ? fc.constant([]) : fc.subarray(pairs);
  const extra = often(fc.constant<string[]>([]), fc.array(QUERY_EXTRAS, { maxLength: 2 }));
  return fc
    .tuple(
      sensible.chain((chosen) => fc.tuple(...chosen)),
      extra,
    )
    .map((both) => both.flat())
    .map((all) => (all.length === 0 ? '' : `?${all.join('&')}`));
}

/** Keeps the braces of a name that is filled in later. */
function escaped(text: string): string {
  return /^\{\{[\w:]+\}\}$/.test(text) ? text : encodeURIComponent(wellFormed(text));
}

const DELIVERY = fc.oneof(
  { weight: 60, arbitrary: fc.constant<Delivery>('at_once') },
  { weight: 4, arbitrary: fc.constant<Delivery>('chunked') },
  fc.constantFrom<Delivery>('dripping', 'pipelined', 'half_closed', 'hung_up'),
);
const SPOILING: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Spoiling>({ name: 'none', at: 0 }) },
  fc.record({
    name: fc.constantFrom(...(Object.keys(SPOILINGS) as Spoiling['name'][])),
    at: fc.nat(2_000),
  }),
);
const BODY_OF_NOBODY = fc.constantFrom(null, null, null, '{}', 'x', '[1]');

/** Anything that may be asked of an operation. */
function requestOf(operation: Operation, allowed: readonly Actor[]): fc.Arbitrary<Request> {
  const { body, method } = operation;
  const text: fc.Arbitrary<string | null> = body
    ? fc
        .tuple(
          valueOf(body),
          fc.oneof(
            { weight: 3, arbitrary: fc.constant([]) },
            { weight: 2, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
          ),
        )
        .map(([value, changes]) => changedJson(value, changes))
    : often(fc.constant<string | null>(null), BODY_OF_NOBODY);
  return fc
    .record({
      method: often(fc.constant(method), fc.constantFrom(...METHODS)),
      path: pathFor(operation),
      query: queryFor(operation.parameters),
      actor: often<Actor | null>(
        fc.constantFrom(...allowed),
        fc.constantFrom(null, null, ...ACTORS),
      ),
      changes: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        fc.array(HEADER_CHANGES, { minLength: 1, maxLength: 2 }),
      ),
      body: text,
      spoiling: body ? SPOILING : fc.constant<Spoiling>({ name: 'none', at: 0 }),
      delivery: DELIVERY,
    })
    .map(({ path, query, actor, changes, ...rest }) => ({
      kind: 'request',
      ...rest,
      target: path + query,
      headers: headersOf(actor, rest.body !== null, changes),
    }));
}

function headersOf(
  actor: string | null,
  hasBody: boolean,
  changes: readonly { name: string; values: readonly string[] }[],
): Request['headers'] {
  const headers = new Map<string, readonly string[]>([['host', ['bursar']]]);
  if (actor !== null) headers.set('authorization', [`Bearer {{key:${actor}}}`]);
  if (hasBody) {
    headers.set('content-type', ['application/json']);
    headers.set('idempotency-key', ['{{fresh}}']);
  }
  for (const { name, values } of changes) headers.set(name, values);
  return [...headers].flatMap(([name, values]) => values.map((value) => [name, value] as const));
}

/** What a server answers besides its documented operations, and what it should not. */
const ELSEWHERE = fc.constantFrom(
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/',
  '/docs/../../package.json',
  '/docs/%2e%2e%2f%2e%2e%2fpackage.json',
  '/docs/swagger-ui-init.js',
  '/v1',
  '/v1/',
  '/v1/nothing',
  '/v1/payment_intents/evaluate',
  '/v1/tenants',
  '/favicon.ico',
  '/.env',
  '/.git/config',
  '/credentials.json',
  '*',
  '/?',
  '/%',
  '/%2e%2e/%2e%2e/etc/passwd',
  `/${'a/'.repeat(1_500)}`,
);

const elsewhere: fc.Arbitrary<Request> = fc.record({
  kind: fc.constant('request'),
  method: often(fc.constantFrom('GET', 'POST'), fc.constantFrom(...METHODS)),
  target: fc.oneof(
    { weight: 3, arbitrary: ELSEWHERE },
    fc.webPath({ size: 'small' }).map((path) => `/${path}`.slice(0, LINE_MAX)),
  ),
  headers: fc.constantFrom('agent', 'operator', null).map((actor) => headersOf(actor, false, [])),
  body: BODY_OF_NOBODY,
  spoiling: fc.constant<Spoiling>({ name: 'none', at: 0 }),
  delivery: DELIVERY,
});

/**
 * Every operation as often as any other; that payments are made needs the one that makes them more often. Most are asked by those
 * who may: nobody else gets far.
 */
export function inputFor(
  operations: readonly Operation[],
  allowedTo: (operation: Operation) => readonly Actor[],
): fc.Arbitrary<Input> {
  const requests = operations.map((operation) => ({
    weight: operation.path === '/v1/payment_intents' && operation.method === 'POST' ? 16 : 4,
    arbitrary: requestOf(operation, allowedTo(operation)),
  }));
  return fc.oneof<fc.WeightedArbitrary<Input>[]>(
    ...requests,
    { weight: 4, arbitrary: elsewhere },
    { weight: 4, arbitrary: nonsense },
  );
}
