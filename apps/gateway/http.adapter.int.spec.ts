import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendRaw } from '../../test/support/raw.socket.js';
import { type Gateway, startGateway } from './gateway.fixture.js';

let gateway: Gateway;
let port: number;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.app.listen(0, '127.0.0.1');
  port = (gateway.app.getHttpServer().address() as AddressInfo).port;
});
afterAll(() => gateway.app.close());

const request = (...headers: string[]) =>
  ['GET /v1/nothing HTTP/1.1', 'host: bursar', ...headers, '', ''].join('\r\n');
/** The parts between empty lines: heads and bodies in turn. */
const parts = (text: string) => text.split('\r\n\r\n').filter((part) => part !== '');
const problem = expect.stringMatching(/^\{.*"code":"not_found".*\}(HTTP\/1\.1 404.*)?$/s) as string;

it('answers each of two requests that come at once, whatever they expect', async () => {
  const expecting = request('expect: 100-continue', 'connection: close');
  const text = await sendRaw(port, request() + expecting);
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 404']);
  expect(parts(text).slice(1)).toEqual([problem, problem]);
});

it('tells one that waits for it to go on', async () => {
  const text = await sendRaw(port, request('expect: 100-continue', 'connection: close'));
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 404']);
});
