import { type Socket, connect, createServer } from 'node:net';

export interface TcpProxy {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Connections that are open now. */
  connections(): number;
  /** Lets everything through again, at once; what a black hole kept comes first. */
  pass(): void;
  /** Resets what is open, and every new connection. */
  cut(): void;
  /** Keeps connections open, takes new ones, and moves no byte in either direction: a network that drops every packet. */
  blackhole(): void;
  /** Everything comes this much later, in order. */
  delay(delayMs: number): void;
  close(): Promise<void>;
}

type Mode = 'pass' | 'cut' | 'blackhole';

/** A way to a server on 127.0.0.1 that can be broken. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let mode: Mode = 'pass';
  let delayMs = 0;
  const pairs = new Set<Pair>();

  const server = createServer({ noDelay: true }, (client) => {
    if (mode === 'cut') {
      client.on('error', () => client.destroy());
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, targetPort, () => delayMs);
    pairs.add(pair);
    pair.ended(() => pairs.delete(pair));
    if (mode === 'pass') pair.flow();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };

  const flow = () => {
    mode = 'pass';
    for (const pair of pairs) pair.flow();
  };
  const reset = () => {
    for (const pair of pairs) pair.reset();
  };
  return {
    port,
    connections: () => pairs.size,
    pass: () => {
      delayMs = 0;
      flow();
    },
    cut: () => {
      mode = 'cut';
      reset();
    },
    blackhole: () => {
      mode = 'blackhole';
      for (const pair of pairs) pair.hold();
    },
    delay: (ms) => {
      delayMs = ms;
      flow();
    },
    close: () => {
      reset();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A client's connection and the one that was made for it, once bytes may flow. */
class Pair {
  private server: Socket | undefined;
  private readonly held: { dueMs: number; work: () => void }[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: Socket,
    private readonly targetPort: number,
    private readonly delayMs: () => number,
  ) {
    client.pause();
    client.on('error', () => this.reset());
  }

  ended(tell: () => void): void {
    this.client.once('close', () => {
      this.server?.destroy();
      clearTimeout(this.timer);
      tell();
    });
  }

  flow(): void {
    this.server ??= this.dial();
    this.client.resume();
    this.server.resume();
  }

  /** The system's buffers fill up, as they do when no packet is acknowledged. */
  hold(): void {
    this.client.pause();
    this.server?.pause();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server?.resetAndDestroy();
  }

  private dial(): Socket {
    const server = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    server.on('error', () => this.reset());
    server.once('close', () => this.later(() => this.client.destroy()));
    server.on('data', (chunk: Buffer) => this.later(() => this.client.write(chunk)));
    this.client.on('data', (chunk: Buffer) => this.later(() => server.write(chunk)));
    return server;
  }

  /** Everything in the order it came, whatever the delay was then. */
  private later(work: () => void): void {
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.held.length === 0) {
      work();
      return;
    }
    this.held.push({ dueMs: performance.now() + delayMs, work });
    if (this.held.length === 1) this.wait();
  }

  private wait(): void {
    const [first] = this.held;
    if (!first) return;
    this.timer = setTimeout(() => {
      this.held.shift();
      first.work();
      this.wait();
    }, first.dueMs - performance.now());
  }
}
