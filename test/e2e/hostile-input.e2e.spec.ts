import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { disagreements } from '../support/books.judge.js';
import type { Problem } from '../support/contract.types.js';
import { expectProblem, pointersOf } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { readRaw, sendAndHangUp, sendRaw } from '../support/raw.socket.js';
import { useStage, type OwnAgent } from '../support/stage.fixture.js';

describe('hostile input', () => {
  const stage = useStage();
  let own: OwnAgent;
  /** The payments that were meant to go through; at the end there are exactly these. */
  const good: string[] = [];

  beforeAll(async () => {
    own = await stage.newAgent();
  });

  const withKey = (idempotencyKey: string | null) =>
    own.client.createPayment(purchase(), { idempotencyKey });
  const withBytes = (bytes: string | Buffer, headers?: Record<string, string>) =>
    own.client.createPaymentFrom(bytes, { headers });
  const withMembers = (members: object) =>
    own.client.createPayment({ ...purchase(), ...members } as never);
  /** A whole request with one header written byte by byte. */
  const rawPayment = (header: Buffer) => {
    const body = JSON.stringify(purchase());
    const head = [
      'POST /v1/payment_intents HTTP/1.1',
      'host: bursar',
      'connection: close',
      'content-type: application/json',
      `authorization: Bearer ${own.key}`,
      `content-length: ${Buffer.byteLength(body)}`,
      '',
    ].join('\r\n');
    const end = Buffer.from(`\r\n\r\n${body}`);
    return sendRaw(stage.bursar.port, Buffer.concat([Buffer.from(head), header, end]));
  };

  describe('in the idempotency key', () => {
    it('a missing key is asked for', async () => {
      const problem = expectProblem(await withKey(null), { code: 'idempotency_key_required' });
      expect(problem.retry).toMatchObject({ retryable: true });
    });

    it('an empty key is no key', async () => {
      const codes = ['idempotency_key_required', 'idempotency_key_invalid'];
      expectProblem(await withKey(''), { code: codes });
      expectProblem(await withKey('""'), { code: codes });
    });

    it('255 characters are a key and 256 are not', async () => {
      const longest = await withKey('k'.repeat(255));
      expect(longest.status, longest.bytes.toString()).toBe(201);
      good.push(longest.body.id);
      expectProblem(await withKey('k'.repeat(256)), { code: 'idempotency_key_invalid' });
    });

    it('a tabulator and characters outside ASCII are refused', async () => {
      for (const value of [Buffer.from('a\tb'), Buffer.from([0x61, 0xe9]), Buffer.from('ключ')]) {
        const header = Buffer.concat([Buffer.from('idempotency-key: '), value]);
        const answer = readRaw(await rawPayment(header));
        expect(answer).toMatchObject({
          status: 400,
          contentType: expect.stringMatching(/^application\/problem\+json/),
          body: { code: 'idempotency_key_invalid', status: 400 },
        });
      }
    });

    it('control characters are refused, whoever notices them first', async () => {
      for (const byte of [0x00, 0x01, 0x08, 0x1b, 0x7f]) {
        const header = Buffer.concat([
          Buffer.from('idempotency-key: a'),
          Buffer.from([byte]),
          Buffer.from('b'),
        ]);
        const answer = readRaw(await rawPayment(header));
        expect(answer, `byte ${byte}`).toMatchObject({
          status: 400,
          contentType: expect.stringMatching(/^application\/problem\+json/),
          body: { status: 400, category: expect.stringMatching(/^(idempotency|request)$/) },
        });
        expect((answer.body as Problem).detail.length).toBeGreaterThan(0);
      }
    });

    it('two different keys on one request are refused', async () => {
      const header = Buffer.from(`idempotency-key: ${randomUUID()}\r\nidempotency-key: other`);
      expect(readRaw(await rawPayment(header))).toMatchObject({
        status: 400,
        body: { code: 'idempotency_key_invalid' },
      });
    });
  });

  describe('in the members of the body', () => {
    const pointed: [string, object, string][] = [
      ['an unknown member', { surprise: 1 }, '/surprise'],
      ['an unknown member inside another', { payee: { id: 'a', iban: 'x' } }, '/payee/iban'],
      ['a fraction', { amount: 42.5 }, '/amount'],
      ['a negative amount', { amount: -1 }, '/amount'],
      ['an amount of zero', { amount: 0 }, '/amount'],
      ['2^53', { amount: 2 ** 53 }, '/amount'],
      ['a string as amount', { amount: '4200' }, '/amount'],
      ['null as amount', { amount: null }, '/amount'],
      ['a list as amount', { amount: [1200] }, '/amount'],
      ['a boolean as amount', { amount: true }, '/amount'],
      ['a missing amount', { amount: undefined }, '/amount'],
      ['a missing currency', { currency: undefined }, '/currency'],
      ['a missing payee', { payee: undefined }, '/payee'],
      ['a payee without id', { payee: {} }, '/payee/id'],
      ['a string as payee', { payee: 'acme-books' }, '/payee'],
      ['a missing payment method', { payment_method: undefined }, '/payment_method'],
      ['a missing order reference', { order_reference: undefined }, '/order_reference'],
      ['an empty order reference', { order_reference: '' }, '/order_reference'],
      ['a capture method that does not exist', { capture_method: 'never' }, '/capture_method'],
    ];
    for (const [name, members, pointer] of pointed) {
      it(`${name} is refused at ${pointer}`, async () => {
        const problem = expectProblem(await withMembers(members), { code: 'validation_failed' });
        const pointers = pointersOf(problem);
        expect(
          pointers.some((found) => found === pointer || found.startsWith(`${pointer}/`)),
          pointers.join(' '),
        ).toBe(true);
      });
    }

    it('a number too large for any number is refused', async () => {
      const text = JSON.stringify(purchase()).replace('"amount":1200', '"amount":1e400');
      expect(text).toContain('1e400');
      expectProblem(await withBytes(text), { code: ['validation_failed', 'malformed_json'] });
    });

    it('a currency that does not exist is refused', async () => {
      expectProblem(await withMembers({ currency: 'ZZZ' }), { code: 'currency_unsupported' });
    });

    it('a currency in another form is refused', async () => {
      for (const currency of ['usd', 'US', 'USDX', '', 840]) {
        const codes = ['currency_unsupported', 'validation_failed'];
        expectProblem(await withMembers({ currency }), { code: codes });
      }
    });
  });

  describe('in the body as a whole', () => {
    it('70 kB are too much, with and without a length', async () => {
      const json = { ...purchase(), purpose: 'x'.repeat(70_000) };
      expectProblem(await withMembers(json), { code: 'payload_too_large' });
      const chunked = await own.client.request('POST', '/v1/payment_intents', {
        json,
        chunked: true,
        headers: { 'idempotency-key': randomUUID() },
      });
      expectProblem(chunked, { code: 'payload_too_large' });
    });

    it('50,000 levels are refused, closed or not', async () => {
      const closed = '['.repeat(50_000) + ']'.repeat(50_000);
      expectProblem(await withBytes(closed), {
        code: ['payload_too_large', 'malformed_json', 'validation_failed'],
      });
      expectProblem(await withBytes('['.repeat(50_000)), { code: 'malformed_json' });
      expectProblem(await withBytes('{"a":'.repeat(12_000)), { code: 'malformed_json' });
    });

    it('as many levels as fit into a body are refused', async () => {
      const deep = '['.repeat(30_000) + ']'.repeat(30_000);
      const codes = ['malformed_json', 'validation_failed'];
      expectProblem(await withBytes(deep), { code: codes });
      const inside = JSON.stringify(purchase()).replace(/}$/, `,"metadata":{"a":${deep}}}`);
      expectProblem(await withBytes(inside), { code: codes });
    });

    it('invalid UTF-8 is refused and not repaired', async () => {
      const [before = '', after = ''] = JSON.stringify(purchase({ purpose: '@@' })).split('@@');
      for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]) {
        const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
        expectProblem(await withBytes(body), { code: 'malformed_json' });
      }
    });

    it('half of a character pair cannot be compared and is refused', async () => {
      const text = JSON.stringify(purchase({ purpose: '@@' })).replace('@@', '\\ud800');
      expectProblem(await withBytes(text), { code: ['malformed_json', 'validation_failed'] });
    });

    it('what is not JSON is refused', async () => {
      for (const text of ['', '{', '{"amount":1,}', 'amount=1', "{'amount':1}", '{"amount":01}']) {
        expectProblem(await withBytes(text), { code: 'malformed_json' });
      }
    });

    it('JSON that is no object is refused', async () => {
      for (const text of ['null', '[]', '"x"', '12', 'true']) {
        expectProblem(await withBytes(text), { code: ['validation_failed', 'malformed_json'] });
      }
    });

    it('names that mean something to JavaScript are unknown members', async () => {
      for (const name of ['__proto__', 'constructor', 'toString']) {
        const text = JSON.stringify(purchase()).replace(/}$/, `,"${name}":{"polluted":true}}`);
        expectProblem(await withBytes(text), { code: ['validation_failed', 'malformed_json'] });
      }
    });

    it('another content type is refused', async () => {
      const text = JSON.stringify(purchase());
      for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
        const answer = await withBytes(text, { 'content-type': type });
        expectProblem(answer, { code: ['validation_failed', 'malformed_json'] });
      }
    });

    it('JSON that names its character set is JSON', async () => {
      const text = JSON.stringify(purchase());
      const type = { 'content-type': 'application/json; charset=utf-8' };
      const answer = await withBytes(text, type);
      expect(answer.status, answer.bytes.toString()).toBe(201);
      good.push(answer.body.id);
    });
  });

  describe('in the credentials', () => {
    it('none, wrong and malformed ones are the same 401', async () => {
      const [kind, mode, keyId] = own.key.split('_');
      const wrong = [
        null,
        '',
        'Bearer',
        'Bearer ',
        `Basic ${Buffer.from('a:b').toString('base64')}`,
        `Bearer ${kind}_${mode}_${keyId}_${'A'.repeat(32)}`,
        `Bearer ${own.key}x`,
        `Bearer ${own.key.slice(0, -1)}`,
        'Bearer bk_test_unknown_secret',
        `Bearer ${'k'.repeat(5_000)}`,
      ];
      const details = new Set<string>();
      const nobody = stage.clientOf(null);
      for (const authorization of wrong) {
        const answer = await nobody.createPayment(purchase(), {
          headers: authorization === null ? {} : { authorization },
        });
        const problem = expectProblem(answer, { code: 'unauthenticated' });
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
        details.add(problem.detail);
      }
      expect(details.size, 'nothing tells a wrong key from an unknown one').toBeLessThanOrEqual(2);
      expectProblem(await nobody.payments(), { code: 'unauthenticated' });
    });

    it("another agent's payment, and one that does not exist, are not found", async () => {
      const theirs = await stage.agent.createPayment(purchase());
      const unknown = `pi_${'a'.repeat(26)}`;
      for (const id of [theirs.body.id, unknown, 'nonsense', 'pi_', encodeURIComponent('../x')]) {
        expectProblem(await own.client.payment(id), { code: 'not_found' });
        expectProblem(await own.client.explanation(id), { code: 'not_found' });
      }
    });
  });

  describe('on the connection', () => {
    it('what is not HTTP gets 400 and the door', async () => {
      const answer = await sendRaw(stage.bursar.port, 'PAY ME\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    });

    it('a request that hangs up half-way pays nothing', async () => {
      const body = JSON.stringify(purchase());
      const head = `POST /v1/payment_intents HTTP/1.1\r\nhost: bursar\r\nauthorization: Bearer ${own.key}\r\nidempotency-key: ${randomUUID()}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
      await sendAndHangUp(stage.bursar.port, head + body.slice(0, 40));
      await sendAndHangUp(stage.bursar.port, head.slice(0, 60));
      expect((await own.client.request('GET', '/healthz')).status).toBe(200);
    });

    it('two lengths for one body are refused', async () => {
      const answer = await sendRaw(
        stage.bursar.port,
        'POST /v1/payment_intents HTTP/1.1\r\nhost: b\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    });

    it('headers without end are refused', async () => {
      const answer = await sendRaw(
        stage.bursar.port,
        `GET /healthz HTTP/1.1\r\nhost: b\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
      );
      expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer.slice(0, 200)).toBe(true);
    });

    it('a path that does not exist is not found, with and without credentials', async () => {
      const answer = await own.client.request('GET', '/v1/nothing');
      expectProblem(answer, { code: 'not_found' });
      const stranger = await stage.clientOf(null).request('GET', '/v1/nothing');
      expectProblem(stranger, { code: ['not_found', 'unauthenticated'] });
    });
  });

  it('leaves nothing behind: the same process goes on, with the good payments and no other', async () => {
    expect(stage.bursar.isRunning()).toBe(true);
    const answer = await own.client.createPayment(purchase());
    expect(answer.status, answer.bytes.toString()).toBe(201);
    const payments = await everyPage(own.client.payments);
    expect(payments.map(({ id }) => id).toSorted()).toEqual([...good, answer.body.id].toSorted());
    const all = await everyPage(stage.operator.payments);
    expect(disagreements(await stage.sandbox.charges(), all)).toEqual([]);
  });
});
