import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from '#metrics';
import type { Readiness } from '../../gateway/readiness.port.js';

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else over HTTP. @throws the system's error when the port is taken */
export async function startHealthServer(
  { host, port }: { host: string; port: number },
  { readiness, metrics }: { readiness: Readiness; metrics: Metrics },
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'application/json') =>
      void response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body);
    if (request.url === '/healthz') answer(200, '{"status":"ok"}');
    else if (request.url === '/readyz') {
      const [ready, reasons] = [readiness.ready(), readiness.reasons()];
      const status = ready ? 'ready' : 'not_ready';
      answer(ready ? 200 : 503, JSON.stringify({ status, reasons }));
    } else if (request.url === '/metrics')
      metrics.text().then(
        (text) => answer(200, text, metrics.contentType),
        () => answer(500, '{"status":"error"}'),
      );
    else answer(404, '{"status":"not_found"}');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
