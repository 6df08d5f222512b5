import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.js';
import { freePorts } from '../../../test/support/free-ports.js';
import {
  type NatsServer,
  type NatsServerOptions,
  startNatsServer,
} from '../../../test/support/nats.server.js';
import { startTcpProxy } from '../../../test/support/tcp.proxy.js';
import { NatsConnection, NatsUnreachableError } from './nats.connection.js';
import { ListedTrouble, connectTo, respondOn } from './nats.fixture.js';

const closers: (() => Promise<unknown> | void)[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nats-connection-'));
  closers.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await startNatsServer(options);
  closers.push(() => server.dispose());
  return server;
}

function configured(text: string): NatsServerOptions & { config: string } {
  const config = join(folder, 'nats.conf');
  writeFileSync(config, text);
  return { config };
}

async function connected(...args: Parameters<typeof connectTo>): Promise<NatsConnection> {
  const connection = await connectTo(...args);
  closers.push(() => connection.close());
  return connection;
}

describe('a connection to NATS', () => {
  it('waits a while for a server that is not there yet', async () => {
    const server = await startServer();
    await server.stop();
    const waiting = connected(server, { withinMs: 20_000 });
    await server.start();
    expect((await waiting).liveness().connected).toBe(true);
  });

  it('gives up on a server that does not come, and says where it looked, without the secret', async () => {
    const url = `nats://user:secret@127.0.0.1:${await freePorts(1)}`;
    const error = await connectTo({ url }, { withinMs: 300 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NatsUnreachableError);
    expect(String(error)).toMatch(/lets test in at 127\.0\.0\.1:\d+: CONNECTION_REFUSED/);
  });

  it('tells since when it is there, and when the server last proved to be', async () => {
    const server = await startServer();
    const connection = await connected(server, { pingEveryMs: 20 });
    const first = connection.liveness();
    await eventually(
      () => connection.liveness().lastPongMs,
      (lastPongMs) => lastPongMs > first.lastPongMs,
    );
    expect(connection.liveness()).toMatchObject({ connected: true, sinceMs: first.sinceMs });
    await server.kill9();
    await eventually(
      () => connection.liveness().connected,
      (up) => !up,
    );
    const lost = connection.liveness();
    await server.start();
    await eventually(
      () => connection.liveness().connected,
      (up) => up,
    );
    expect(lost.sinceMs).toBeGreaterThanOrEqual(first.lastPongMs);
    expect(connection.liveness().sinceMs).toBeGreaterThanOrEqual(lost.sinceMs);
  });

  it('ends when it is told to, with nothing to complain about', async () => {
    const connection = await connected(await startServer());
    await connection.close();
    expect(await connection.closed()).toBeNull();
    expect(connection.liveness().connected).toBe(false);
    expect(await connection.connectedWithin(10_000)).toBe(false);
  });

  it('ends with what made it useless', async () => {
    const connection = await connected(await startServer());
    connection.fail(new Error('deaf'));
    expect(await connection.closed()).toEqual(new Error('deaf'));
  });

  it('leaves no connection behind that was about to be made when it ended', async () => {
    const server = await startServer();
    const proxy = await startTcpProxy(server.port);
    closers.push(() => proxy.close());
    const connection = await connected({ url: `nats://127.0.0.1:${proxy.port}` });
    proxy.blackhole();
    await server.kill9();
    // What the proxy keeps until then ends the old connection; the next one is made into the black hole.
    proxy.pass();
    proxy.blackhole();
    await eventually(
      () => connection.liveness().connected,
      (up) => !up,
    );
    await eventually(proxy.connections, (count) => count === 0);
    await eventually(proxy.connections, (count) => count === 1);
    await server.start();
    await connection.close();
    proxy.pass();
    await eventually(proxy.connections, (count) => count === 0);
  });
});

describe('credentials', () => {
  const USERS = 'authorization { users: [ { user: gateway, password: g1 } ] }';

  it('that are wrong are told at once, and not tried for long', async () => {
    const { url } = await startServer(configured(USERS));
    const wrong = connectTo({ url, user: 'gateway', password: 'g2' }, { withinMs: 60_000 });
    await expect(wrong).rejects.toThrow('Authorization Violation');
    await expect(connectTo({ url }, { withinMs: 60_000 })).rejects.toThrow(NatsUnreachableError);
  });

  it('may be a password', async () => {
    const { url } = await startServer(configured(USERS));
    const named = url.replace('//', '//gateway:g1@');
    expect((await connected({ url: named })).liveness().connected).toBe(true);
    const apart = await connected({ url, user: 'gateway', password: 'g1' });
    expect(apart.liveness().connected).toBe(true);
  });

  it('may be the seed of an nkey, in a file', async () => {
    const pair = nkeys.createUser();
    const nkeyFile = join(folder, 'gateway.nk');
    writeFileSync(nkeyFile, `# gateway\n${new TextDecoder().decode(pair.getSeed())}\n`);
    const users = `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`;
    const { url } = await startServer(configured(users));
    expect((await connected({ url, nkeyFile })).liveness().connected).toBe(true);
    writeFileSync(nkeyFile, 'nothing');
    await expect(connectTo({ url, nkeyFile })).rejects.toThrow('no seed of an nkey');
  });

  it('that a server forgot are tried until it knows them again', async () => {
    const options = configured(USERS);
    const server = await startServer(options);
    const trouble = new ListedTrouble();
    const connection = await connected(
      { url: server.url, user: 'gateway', password: 'g1' },
      { trouble },
    );
    writeFileSync(options.config, USERS.replace('gateway', 'nobody'));
    await server.kill9();
    await server.start();
    await eventually(
      () => trouble.reported.filter((each) => each.includes('AUTHORIZATION')).length,
      (refusals) => refusals > 2,
    );
    writeFileSync(options.config, USERS);
    server.reload();
    await eventually(
      () => connection.liveness().connected,
      (up) => up,
    );
  });
});

describe('a subject that may not be served', () => {
  const serving = (allowed: string) => `authorization { users: [ { user: books, password: b1,
    permissions: { publish: ">", subscribe: ["$SRV.>", "${allowed}"] } } ] }`;
  const books = ({ url }: NatsServer) => ({ url, user: 'books', password: 'b1' });

  it('ends the connection when it is tried, and says why', async () => {
    const server = await startServer(configured(serving('library.>')));
    const connection = await connected(books(server));
    const refusal = /does not allow it: .*subscription to "bursar\.internal\.books\.find/i;
    await expect(respondOn(connection, 'books.find', () => 1)).rejects.toThrow(refusal);
    expect(String(await connection.closed())).toMatch(refusal);
  });

  it('any more ends it too: a process that is deaf should not go on', async () => {
    const options = configured(serving('bursar.internal.>'));
    const server = await startServer(options);
    const connection = await connected(books(server));
    await respondOn(connection, 'books.find', () => 1);
    writeFileSync(options.config, serving('library.>'));
    server.reload();
    expect(String(await connection.closed())).toContain('subscription to "bursar.internal.');
  });
});

describe('TLS', () => {
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

  it('that is asked for is never done without', async () => {
    const { port } = await startServer();
    const asked = connectTo({ url: `tls://127.0.0.1:${port}` }, { withinMs: 100 });
    await expect(asked).rejects.toThrow(NatsUnreachableError);
  });

  // A certificate that lies in the repository would expire some day.
  it.skipIf(!hasOpenssl)('lets in whose authority we trust, and nobody else', async () => {
    const [caFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
    const made = spawnSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=nats'],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', caFile],
      ],
      { encoding: 'utf8' },
    );
    expect(made.status, made.stderr).toBe(0);
    const { port } = await startServer(
      configured(`tls { cert_file: "${caFile}", key_file: "${keyFile}" }`),
    );
    const url = `tls://localhost:${port}`;
    expect((await connected({ url, caFile })).liveness().connected).toBe(true);
    await expect(connectTo({ url }, { withinMs: 100 })).rejects.toThrow(/self-signed/i);
  });
});
