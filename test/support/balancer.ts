import { connect, createServer, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/** Gives each connection to the next of these ports of 127.0.0.1 that takes it. `port`: where; 0 for any that is free. */
export async function startBalancer(targets: readonly number[], port = 0): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer({ noDelay: true }, (client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => sockets.delete(client));
    turn += 1;
    const inTurn = targets.map((_, index) => targets[(turn + index) % targets.length] ?? 0);
    join(client, inTurn, sockets);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function join(client: Socket, [port, ...others]: number[], sockets: Set<Socket>): void {
  if (port === undefined) {
    client.resetAndDestroy();
    return;
  }
  const target = connect({ port, host: '127.0.0.1', noDelay: true });
  let connected = false;
  target.once('connect', () => {
    connected = true;
    sockets.add(target);
    client.pipe(target).pipe(client);
  });
  target.on('error', () => {
    if (connected) client.resetAndDestroy();
    else join(client, others, sockets);
  });
  target.on('close', () => {
    sockets.delete(target);
    if (connected) client.destroy();
  });
  client.on('close', () => target.destroy());
}
