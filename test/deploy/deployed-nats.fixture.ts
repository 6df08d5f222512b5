import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type NatsConnection as Client,
  Events,
  type Subscription,
  connect,
  nkeyAuthenticator,
  nkeys,
} from 'nats';
import { type NatsServer, startNatsServer } from '../support/nats.server.js';

const DEPLOYED = fileURLToPath(new URL('../../deploy/nats/', import.meta.url));

/** A private and a public key, made for this run. */
export interface Key {
  seed: Uint8Array;
  publicKey: string;
}

export function newKey(): Key {
  const pair = nkeys.createUser();
  return { seed: pair.getSeed(), publicKey: pair.getPublicKey() };
}

export interface NatsStage {
  readonly server: NatsServer;
  /** What clients are allowed to do is known once this has been taken over. */
  writeAgents(entries: readonly string[]): void;
  writeReaders(entries: readonly string[]): void;
  open(key: Key | null, inbox: string): Promise<Client>;
  dispose(): Promise<void>;
}

/** The server as it is deployed, with keys of this run by the names of its variables. */
export async function startNatsStage(
  keys: Readonly<Record<string, Key>>,
  entries: readonly string[],
): Promise<NatsStage> {
  const folder = mkdtempSync(join(tmpdir(), 'nats-deployed-'));
  const config = join(folder, 'nats-server.conf');
  copyFileSync(join(DEPLOYED, 'nats-server.conf'), config);
  const writeAgents = (lines: readonly string[]) =>
    writeFileSync(join(folder, 'agents.conf'), `users: [\n${lines.join('\n')}\n]\n`);
  const writeReaders = (lines: readonly string[]) =>
    writeFileSync(join(folder, 'readers.conf'), `users: [\n${lines.join('\n')}\n]\n`);
  writeAgents(entries);
  writeReaders([]);
  const env = Object.fromEntries(
    Object.entries(keys).map(([name, { publicKey }]) => [
      `BURSAR_NATS_${name.toUpperCase()}`,
      publicKey,
    ]),
  );
  const server = await startNatsServer({ config, env });
  const clients: Client[] = [];
  return {
    server,
    writeAgents,
    writeReaders,
    open: async (key, inbox) => {
      const client = await connect({
        servers: `127.0.0.1:${server.port}`,
        inboxPrefix: `_INBOX.${inbox}`,
        reconnect: false,
        ...(key && { authenticator: nkeyAuthenticator(key.seed) }),
      });
      clients.push(client);
      return client;
    },
    dispose: async () => {
      for (const client of clients) await client.close();
      await server.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The subjects among these that the server does not let the client publish on. */
export async function refusedToPublish(
  client: Client,
  subjects: readonly string[],
): Promise<Set<string>> {
  return violations(client, 'publish', () => {
    for (const subject of subjects) client.publish(subject, '{}');
  });
}

/** The subscriptions among these, `subject` or `subject queue`, that the server does not let the client make. */
export async function refusedToSubscribe(
  client: Client,
  subscriptions: readonly string[],
): Promise<Set<string>> {
  const made: Subscription[] = [];
  const refused = await violations(client, 'subscription', () => {
    for (const each of subscriptions) {
      const [subject = '', queue] = each.split(' ');
      made.push(client.subscribe(subject, { queue, callback: () => undefined }));
    }
  });
  for (const subscription of made) subscription.unsubscribe();
  return refused;
}

async function violations(
  client: Client,
  operation: string,
  attempt: () => void,
): Promise<Set<string>> {
  const refused = new Set<string>();
  const status = client.status();
  const listening = (async () => {
    for await (const { type, permissionContext } of status) {
      const about = permissionContext as { operation: string; subject: string; queue?: string };
      if (type === Events.Error && about?.operation === operation)
        refused.add([about.subject, about.queue].filter(Boolean).join(' '));
    }
  })();
  attempt();
  // Refusals come before the answer to a ping, and are told one turn later.
  await client.flush();
  await client.flush();
  (status as unknown as { stop(): void }).stop();
  await listening;
  return refused;
}
