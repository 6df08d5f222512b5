import { startSandbox } from './sandbox.js';

const port = Number(process.env.BURSAR_SANDBOX_PORT ?? 7071);
if (!Number.isInteger(port) || port < 0 || port > 65_000) {
  process.stderr.write('BURSAR_SANDBOX_PORT must be a port number from 0 to 65000.\n');
  process.exit(1);
}

const sandbox = await startSandbox({ port, host: '127.0.0.1' }).catch((error: unknown) => {
  process.stderr.write(`The sandbox could not start: ${String(error)}\n`);
  process.exit(1);
});

process.stdout.write(`Sandbox: books and fault switches at ${sandbox.url}/processors\n`);
for (const { name, url } of sandbox.processors) process.stdout.write(`  ${name} at ${url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.stop().then(() => process.exit(0)));
}
