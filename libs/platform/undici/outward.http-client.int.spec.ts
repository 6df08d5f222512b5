import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpTransportError } from '../http-client.port.js';
import type { Lookup } from './checked.connector.js';
import { OutwardHttpClient, type OutwardHttpClientOptions } from './outward.http-client.js';

/** Stands for the internet; the canary sits at the usual loopback address. */
const OUTSIDE = '127.0.0.2';
const INSIDE = '127.0.0.1';
const isOutside = (address: string) => address === OUTSIDE;

/** Answers with these in turn, and with the last one from then on. */
function rebinding(...answers: string[][]): Lookup & { asked: string[] } {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _options, callback) => {
    asked.push(hostname);
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return Object.assign(lookup, { asked });
}

describe('the HTTP client for whoever others named', () => {
  let clients: OutwardHttpClient[];
  let servers: Server[];
  let canary: { port: number; connections: number };

  beforeEach(async () => {
    clients = [];
    servers = [];
    canary = { port: 0, connections: 0 };
    const server = await listen(INSIDE, (_, response) => void response.end('internal'));
    server.on('connection', () => (canary.connections += 1));
    canary.port = portOf(server);
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listen(host: string, listener: RequestListener, port = 0): Promise<Server> {
    const server = createServer(listener);
    servers.push(server);
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  }
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  function open(options: OutwardHttpClientOptions = {}): OutwardHttpClient {
    const client = new OutwardHttpClient(options);
    clients.push(client);
    return client;
  }

  const outcome = (client: OutwardHttpClient, url: string, signal?: AbortSignal) =>
    client.request({ method: 'POST', url, body: '{}', signal }).then(
      ({ status, body }) => ({ status, body }),
      (error: unknown) => {
        expect(error).toBeInstanceOf(HttpTransportError);
        const { phase, evidence } = error as HttpTransportError;
        return { phase, evidence };
      },
    );
  const REFUSED = { phase: 'not_sent', evidence: 'address_not_allowed' };

  it('connects to what may be connected to, by address and by name', async () => {
    const port = portOf(await listen(OUTSIDE, (_, response) => void response.end('hello')));
    const lookup = rebinding([OUTSIDE]);
    const client = open({ mayConnect: isOutside, lookup });
    const taken = { status: 200, body: 'hello' };
    expect(await outcome(client, `http://${OUTSIDE}:${port}/`)).toEqual(taken);
    expect(await outcome(client, `http://hooks.example:${port}/`)).toEqual(taken);
    expect(lookup.asked).toEqual(['hooks.example']);
  });

  it.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '017700000001', '0', '0.0.0.0'],
    ...['[::1]', '[::]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]', 'localhost'],
  ])('opens no connection to %s, which is not of the internet', async (host) => {
    expect(await outcome(open(), `http://${host}:${canary.port}/`)).toEqual(REFUSED);
    expect(canary.connections).toBe(0);
  });

  it.each([
    ...['127.0.0.1', '10.0.0.1', '169.254.169.254', '100.64.0.1', '192.168.0.1', '0.0.0.0'],
    ...['::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'fd00::1', 'fe80::1'],
  ])('opens no connection to a name that leads to %s', async (address) => {
    const client = open({ lookup: rebinding([address]) });
    expect(await outcome(client, `http://hooks.example:${canary.port}/`)).toEqual(REFUSED);
    expect(await outcome(client, `https://hooks.example:${canary.port}/`)).toEqual(REFUSED);
    expect(canary.connections).toBe(0);
  });

  it('opens none to a name of which one address is not allowed, whichever comes first', async () => {
    for (const addresses of [
      [OUTSIDE, INSIDE],
      [INSIDE, OUTSIDE],
    ]) {
      const client = open({ mayConnect: isOutside, lookup: rebinding(addresses) });
      expect(await outcome(client, `http://hooks.example:${canary.port}/`)).toEqual(REFUSED);
    }
    expect(await outcome(open({ lookup: rebinding([]) }), 'http://hooks.example/')).toEqual(
      REFUSED,
    );
    expect(canary.connections).toBe(0);
  });

  it('connects to the very address that it looked at, when every look-up answers differently', async () => {
    const { port } = canary;
    await listen(
      OUTSIDE,
      (_, response) => void response.setHeader('connection', 'close').end('hello'),
      port,
    );
    const lookup = rebinding([OUTSIDE], [INSIDE], [OUTSIDE], [INSIDE], [OUTSIDE], [INSIDE]);
    const client = open({ mayConnect: isOutside, lookup });
    for (let round = 0; round < 3; round += 1) {
      const url = `http://hooks.example:${port}/`;
      expect(await outcome(client, url)).toEqual({ status: 200, body: 'hello' });
      expect(await outcome(client, url)).toEqual(REFUSED);
    }
    // Once for each connection: nothing between the look and the connection asks again.
    expect(lookup.asked).toHaveLength(6);
    expect(canary.connections).toBe(0);
  });

  it('gives a redirect back and does not follow it', async () => {
    const redirect: RequestListener = (_, response) =>
      void response.writeHead(307, { location: `http://${INSIDE}:${canary.port}/` }).end();
    const port = portOf(await listen(OUTSIDE, redirect));
    const client = open({ mayConnect: isOutside });
    expect(await outcome(client, `http://${OUTSIDE}:${port}/`)).toMatchObject({ status: 307 });
    expect(canary.connections).toBe(0);
  });

  it('reads no more of an answer than a little, and leaves the rest', async () => {
    let sent = 0;
    const endless: RequestListener = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
      };
      response.on('drain', more);
      more();
    };
    const port = portOf(await listen(OUTSIDE, endless));
    const answer = await outcome(open({ mayConnect: isOutside }), `http://${OUTSIDE}:${port}/`);
    expect(answer).toEqual({ status: 200, body: 'x'.repeat(65_536) });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('gives up when it is told to, also in the middle of an answer', async () => {
    const abort = new AbortController();
    const slow: RequestListener = (_, response) => {
      response.write('a beginning');
      abort.abort();
    };
    const port = portOf(await listen(OUTSIDE, slow));
    const client = open({ mayConnect: isOutside });
    const given = await outcome(client, `http://${OUTSIDE}:${port}/`, abort.signal);
    expect(given).toEqual({ phase: 'sent', evidence: 'aborted' });
    expect(await outcome(client, `http://${OUTSIDE}:${port}/`, AbortSignal.abort())).toEqual({
      ...{ phase: 'not_sent', evidence: 'aborted' },
    });
  });

  it('ends what is on its way when it is closed', async () => {
    let arrived = (): void => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    const port = portOf(await listen(OUTSIDE, () => arrived()));
    const client = open({ mayConnect: isOutside });
    const given = outcome(client, `http://${OUTSIDE}:${port}/`);
    await there;
    await client.close();
    expect(await given).toMatchObject({ phase: 'sent' });
  });

  it.each(['not a url', 'ftp://hooks.example/'])('refuses to send to %s', async (url) => {
    expect(await outcome(open(), url)).toEqual({ phase: 'not_sent', evidence: 'invalid_request' });
  });
});
