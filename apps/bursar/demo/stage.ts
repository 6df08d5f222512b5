import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpClient } from '#platform';
import { SystemRandom } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { startBursar } from '../bursar.js';
import type { Asked } from '../command-line/command.js';
import { CommandFailure } from '../command-line/failures.js';
import { readIfThere } from '../private-file.js';
import { readSettings } from '../settings.js';
import { type Credentials, FIRST_TENANT, credentialsPath } from '../tenant-credentials.js';
import { type Principal, type Sandbox, principal, sandboxOf } from './demo.clients.js';
import type { Narrator } from './narrator.js';

/** A server that the demo plays on. */
interface Ground {
  baseUrl: string;
  sandboxUrl: string;
  credentials: Credentials;
  leave(): Promise<void>;
}

export interface Stage {
  readonly narrator: Narrator;
  readonly operator: Principal;
  readonly approver: Principal;
  readonly auditor: Principal;
  readonly sandbox: Sandbox;
  /** Makes names that no earlier run used: of orders and of idempotency keys. */
  named(name: string): string;
  agent(key: string): Principal;
  leave(): Promise<void>;
}

export async function setStage(asked: Asked, narrator: Narrator): Promise<Stage> {
  const { options } = asked;
  const ground = await (options['url'] === undefined && options['data-dir'] === undefined
    ? ownGround()
    : givenGround(asked));
  const http = new UndiciHttpClient();
  const run = new SystemRandom().uuid().slice(0, 8);
  const { operator, approver, auditor } = ground.credentials;
  const { baseUrl, sandboxUrl } = ground;
  narrator.say(
    `The server is ${baseUrl}, the sandbox with its simulated processors ${sandboxUrl}.`,
  );
  const as = (who: string, { key }: { key: string }) =>
    principal(http, narrator, { who, baseUrl, key });
  const sandbox = sandboxOf(http, narrator, sandboxUrl);
  return {
    narrator,
    operator: as('operator', operator),
    approver: as('approver', approver),
    auditor: as('auditor', auditor),
    sandbox,
    named: (name) => `${name}-${run}`,
    agent: (key) => as('agent', { key }),
    leave: () => leave(sandbox, http, ground),
  };
}

/** Nothing stays broken, whatever happened. */
async function leave(sandbox: Sandbox, http: HttpClient, ground: Ground): Promise<void> {
  try {
    await sandbox.heal();
  } finally {
    await http.close();
    await ground.leave();
  }
}

/** In a temporary folder and on free ports; nothing of it stays. */
async function ownGround(): Promise<Ground> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bursar-demo-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  process.once('exit', remove);
  const env = { BURSAR_PORT: '0', BURSAR_SANDBOX_PORT: '0', BURSAR_DATA_DIR: dataDir };
  const { url, sandboxUrl, stop } = await startBursar(readSettings(env));
  const interrupted = () => process.exit(130);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return {
    baseUrl: url,
    sandboxUrl: sandboxUrl ?? '',
    credentials: credentialsIn(dataDir),
    leave: async () => {
      await stop();
      remove();
    },
  };
}

function givenGround({ dataDir, options, env }: Asked): Promise<Ground> {
  const { sandbox } = readSettings(env);
  const own = `http://127.0.0.1:${sandbox && 'port' in sandbox ? sandbox.port : 7071}`;
  const usual = sandbox && 'url' in sandbox ? sandbox.url : own;
  const credentials = credentialsIn(dataDir);
  return Promise.resolve({
    baseUrl: urlOf(options['url'] ?? credentials.base_url),
    sandboxUrl: urlOf(options['sandbox-url'] ?? usual),
    credentials,
    leave: () => Promise.resolve(),
  });
}

function credentialsIn(dataDir: string): Credentials {
  const path = credentialsPath(dataDir, FIRST_TENANT);
  const text = readIfThere(path);
  if (text === undefined) throw new CommandFailure(`There are no credentials in ${path}.`);
  return JSON.parse(text) as Credentials;
}

function urlOf(url: string): string {
  if (!URL.canParse(url)) throw new CommandFailure(`${url} is not a URL.`);
  return url.replace(/\/+$/, '');
}
