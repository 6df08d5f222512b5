import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpTransportError } from '../http-client.port.js';
import { UndiciHttpClient } from './undici.http-client.js';

const KEY = 'idempotency-key-1';

describe('the HTTP client', () => {
  let client: UndiciHttpClient;
  let servers: { server: Server; sockets: Set<Socket> }[];

  beforeEach(() => {
    client = new UndiciHttpClient();
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map(({ server }) => shut(server)));
    await client.close();
  });

  /** Listens on a free port, or on the given one. */
  async function listen(server: Server, port = 0): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    });
    servers.push({ server, sockets });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  const serve = (listener: RequestListener, port = 0) => listen(createServer(listener), port);
  const serveTcp = (onSocket: (socket: Socket) => void) => listen(createTcpServer(onSocket));

  async function shut(server: Server): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const entry of servers) {
      if (entry.server === server) for (const socket of entry.sockets) socket.destroy();
    }
    await closed;
  }

  const post = (port: number, signal?: AbortSignal) =>
    client.request({
      method: 'POST',
      url: `http://127.0.0.1:${port}/charges?try=1`,
      headers: { 'content-type': 'application/json', 'idempotency-key': KEY },
      body: '{"amount":4200}',
      signal,
    });
  const failure = (attempt: Promise<unknown>) =>
    attempt.then(
      () => expect.unreachable('the request succeeded'),
      (error: unknown) => {
        expect(error).toBeInstanceOf(HttpTransportError);
        const { phase, evidence } = error as HttpTransportError;
        return { phase, evidence };
      },
    );

  it('sends the request as it is and gives the answer back', async () => {
    const port = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('x-twice', ['one', 'two']);
        response.statusCode = 402;
        const { method, url, headers } = request;
        response.end(
          JSON.stringify({ method, url, key: headers['idempotency-key'], body: `${chunks}é` }),
        );
      });
    });
    const response = await post(port);
    expect(response.status).toBe(402);
    expect(response.headers['x-twice']).toBe('one, two');
    expect(JSON.parse(response.body)).toEqual({
      method: 'POST',
      url: '/charges?try=1',
      key: KEY,
      body: '{"amount":4200}é',
    });
  });

  it('does not follow redirects', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect((await post(port)).status).toBe(307);
    expect(requests).toBe(1);
  });

  it('proves that nothing was sent to a port that refuses', async () => {
    const server = createServer();
    const port = await listen(server);
    await shut(server);
    expect(await failure(post(port))).toEqual({
      phase: 'not_sent',
      evidence: 'connection_refused',
    });
  });

  it('proves that nothing was sent to a name that does not exist', async () => {
    const attempt = client.request({ method: 'GET', url: 'http://no-such-host.invalid/' });
    const { phase, evidence } = await failure(attempt);
    expect(phase).toBe('not_sent');
    expect(['name_not_found', 'name_lookup_failed']).toContain(evidence);
  });

  it.each(['not a url', 'ftp://127.0.0.1/'])('refuses to send to %s', async (url) => {
    expect(await failure(client.request({ method: 'GET', url }))).toEqual({
      phase: 'not_sent',
      evidence: 'invalid_request',
    });
  });

  it('proves that nothing was sent when the TLS handshake fails', async () => {
    const port = await serveTcp(
      (socket) => void socket.once('data', () => socket.end('no TLS here')),
    );
    const attempt = client.request({ method: 'GET', url: `https://127.0.0.1:${port}/` });
    expect(await failure(attempt)).toEqual({ phase: 'not_sent', evidence: 'tls_failed' });
  });

  it('counts a server that closes in the middle of its answer as sent', async () => {
    const port = await serveTcp(
      (socket) =>
        void socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
        ),
    );
    expect(await failure(post(port))).toMatchObject({ phase: 'sent' });
  });

  it('counts a reset after the request arrived as sent', async () => {
    const port = await serveTcp(
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    );
    expect(await failure(post(port))).toEqual({ phase: 'sent', evidence: 'connection_reset' });
  });

  it('counts an answer that is not HTTP as sent', async () => {
    const port = await serveTcp(
      (socket) => void socket.once('data', () => socket.end('hello\r\n\r\n')),
    );
    expect(await failure(post(port))).toEqual({ phase: 'sent', evidence: 'malformed_response' });
  });

  it('counts an abort while a black hole keeps the request as sent, and closes the socket', async () => {
    const abort = new AbortController();
    let closed: Promise<unknown> | undefined;
    const port = await serveTcp((socket) => {
      closed = once(socket, 'close');
      socket.once('data', () => abort.abort());
    });
    expect(await failure(post(port, abort.signal))).toEqual({ phase: 'sent', evidence: 'aborted' });
    await closed;
  });

  it('proves that nothing was sent when it was aborted before', async () => {
    let connections = 0;
    const port = await serveTcp(() => void connections++);
    const signal = AbortSignal.abort();
    expect(await failure(post(port, signal))).toEqual({ phase: 'not_sent', evidence: 'aborted' });
    expect(connections).toBe(0);
  });

  it('sends nothing after an abort that came while it was connecting', async () => {
    const abort = new AbortController();
    let bytes = 0;
    const port = await serveTcp(
      (socket) => void socket.on('data', (data) => (bytes += data.length)),
    );
    const attempt = failure(post(port, abort.signal));
    abort.abort();
    expect(await attempt).toEqual({ phase: 'not_sent', evidence: 'aborted' });
    await shut(servers[0]!.server);
    expect(bytes).toBe(0);
  });

  it('gives up on a body above 1 MiB', async () => {
    const port = await serve((_, response) => void response.end('x'.repeat(1024 * 1024 + 1)));
    expect(await failure(post(port))).toEqual({ phase: 'sent', evidence: 'response_too_large' });
  });

  it('takes a body of exactly 1 MiB', async () => {
    const port = await serve((_, response) => void response.end('x'.repeat(1024 * 1024)));
    expect((await post(port)).body).toHaveLength(1024 * 1024);
  });

  it('keeps its sockets, and proves non-execution once a restarting server closed it', async () => {
    const clientPorts = new Set<number | undefined>();
    const answering: RequestListener = (request, response) => {
      clientPorts.add(request.socket.remotePort);
      response.end('ok');
    };
    const server = createServer(answering);
    const port = await listen(server);
    for (let request = 0; request < 6; request++) await post(port);
    // A socket is free again one turn of the event loop after its answer: two of them alternate.
    expect(clientPorts.size).toBeLessThanOrEqual(2);

    await shut(server);
    // The client learns of the closed socket when its event loop turns.
    await vi.waitFor(async () =>
      expect(await failure(post(port))).toEqual({
        phase: 'not_sent',
        evidence: 'connection_refused',
      }),
    );
    await serve(answering, port);
    expect((await post(port)).body).toBe('ok');
  });

  it('proves that nothing was sent when connecting takes too long', async () => {
    const impatient = new UndiciHttpClient({ connectTimeoutMs: 50 });
    // TEST-NET-1: reserved for documentation, never answers where it is routed at all.
    const attempt = impatient.request({ method: 'GET', url: 'http://192.0.2.1:9/' });
    expect((await failure(attempt)).phase).toBe('not_sent');
    await impatient.close();
  });
});
