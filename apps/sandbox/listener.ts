import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Timers } from '#platform';

const LISTEN_TRIES = 40;
const LISTEN_RETRY_MS = 50;

/** An HTTP server whose port can be closed and opened again while it keeps its number. */
export class Listener {
  private readonly sockets = new Set<Socket>();
  private readonly server;
  private port = 0;

  constructor(
    handle: RequestListener,
    private readonly host: string,
    private readonly timers: Timers,
  ) {
    // Callers decide how long a connection lives: an idle one closed from here could be mistaken for a lost answer.
    this.server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, handle);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Where callers reach it; stays the same over `close` and `open`. */
  get url(): string {
    const reachable = ['0.0.0.0', '::', ''].includes(this.host) ? '127.0.0.1' : this.host;
    return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${this.port}`;
  }

  /** Listens on `port`, 0 for any free one. */
  async listen(port: number): Promise<number> {
    this.server.listen(port, this.host);
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this.port;
  }

  /** Listens again where it did before. Another program may hold the port for a moment, hence the tries. */
  async reopen(): Promise<void> {
    for (let tries = 1; !this.server.listening; tries += 1) {
      try {
        await this.listen(this.port);
      } catch (error) {
        if (tries === LISTEN_TRIES) throw error;
        await new Promise<void>((resolve) => this.timers.after(LISTEN_RETRY_MS, resolve));
      }
    }
  }

  /** Stops listening and cuts every connection, so that the next one is refused. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
