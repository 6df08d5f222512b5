import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands before a server on this machine: everything passes through it, and it can go away, freeze, or cut what passes. */
export class NetworkGate {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private isFrozen = false;
  /** The port of the server behind it. */
  behind = 0;

  constructor(private readonly port: number) {}

  async up(): Promise<void> {
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
    if (this.server) return;
    this.server = createServer((socket) => this.pass(socket));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** As if the process were killed. */
  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    this.cut();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Connections stay and nothing moves any more. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  private pass(outside: Socket): void {
    const inside = connect(this.behind, '127.0.0.1');
    for (const [socket, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('data', (bytes) => void other.write(bytes));
      socket.on('end', () => other.end());
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      if (this.isFrozen) socket.pause();
    }
  }
}
