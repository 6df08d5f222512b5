import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that the system gives to outgoing connections, so that none can take a port while its server is away. */
const LOWEST = 20_000;
/** Test files that run at the same time take from ranges of their own: a port is free until its server listens. */
const RANGE = 3_000;
const lowest = LOWEST + RANGE * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 4);

/** The first of `count` consecutive ports of 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const base = randomInt(lowest, lowest + RANGE - count);
    const ports = Array.from({ length: count }, (_, offset) => base + offset);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${count} consecutive free ports were found`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
