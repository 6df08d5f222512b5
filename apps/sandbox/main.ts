import { doublesOptions, parseDoubles } from './doubles.js';
import { AUTHORIZATION_VALID_FOR_MS, startSandbox } from './sandbox.js';

const port = Number(process.env.BURSAR_SANDBOX_PORT ?? 7071);
if (!Number.isInteger(port) || port < 0 || port > 65_000) {
  process.stderr.write('BURSAR_SANDBOX_PORT must be a port number from 0 to 65000.\n');
  process.exit(1);
}

const { BURSAR_SANDBOX_AUTHORIZATION_SECONDS: seconds } = process.env;
if (seconds && !/^[1-9]\d{0,7}$/.test(seconds)) {
  process.stderr.write('BURSAR_SANDBOX_AUTHORIZATION_SECONDS must be from 1 to 99999999.\n');
  process.exit(1);
}
const authorizationValidForMs = seconds ? Number(seconds) * 1_000 : AUTHORIZATION_VALID_FOR_MS;

const { BURSAR_SANDBOX_DOUBLES = '', BURSAR_SANDBOX_WEBHOOKS_URL } = process.env;
const doubles = parseDoubles(BURSAR_SANDBOX_DOUBLES);
if (!doubles) {
  process.stderr.write('BURSAR_SANDBOX_DOUBLES must be stripe, adyen, or stripe,adyen.\n');
  process.exit(1);
}
const gatewayUrl = BURSAR_SANDBOX_WEBHOOKS_URL || 'http://127.0.0.1:7070';
if (!/^https?:/.test(gatewayUrl) || !URL.canParse(gatewayUrl)) {
  process.stderr.write('BURSAR_SANDBOX_WEBHOOKS_URL must be an address of http or https.\n');
  process.exit(1);
}

const host = process.env.BURSAR_HOST || '127.0.0.1';
const options = { port, host, authorizationValidForMs, ...doublesOptions(doubles, gatewayUrl) };
const sandbox = await startSandbox(options).catch((error: unknown) => {
  process.stderr.write(`The sandbox could not start: ${String(error)}\n`);
  process.exit(1);
});

process.stdout.write(`Sandbox: books and fault switches at ${sandbox.url}\n`);
for (const { name, url } of [...sandbox.processors, ...sandbox.merchants, ...sandbox.doubles]) {
  process.stdout.write(`  ${name} at ${url}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.stop().then(() => process.exit(0)));
}
