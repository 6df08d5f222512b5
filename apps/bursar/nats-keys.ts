import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { newNkey, nkeyIn } from '#bus/nats';
import { readIfThere, writePrivateFile } from './private-file.js';

/** Our processes, by the names that they have on NATS, whoever publishes what the world is told, and the owner of the machines. */
export const NATS_NAMES = [
  'gateway',
  'commands',
  'sagas',
  'connectors',
  'queries',
  'events',
  'owner',
] as const;

/** The public key of the seed in that file, which is made when it is not there. @throws Error when it holds none */
export function publicKeyAt(path: string): string {
  const known = readIfThere(path);
  if (known !== undefined) return nkeyIn(known).publicKey;
  const { publicKey, seed } = newNkey();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writePrivateFile(path, seed);
  return publicKey;
}

/** An agent's entry in the list of the server: its own subjects, its own inbox, nothing else. */
export function agentEntry({
  publicKey,
  tenant,
  agent,
}: {
  publicKey: string;
  tenant: string;
  agent: string;
}): string {
  const publish = `bursar.v1.${tenant}.${agent}.>`;
  const subscribe = `_INBOX.${agent}.>`;
  return `{ nkey: ${publicKey}, permissions: { publish: ["${publish}"], subscribe: ["${subscribe}"] } }`;
}

/** The entry of a service that reads what the world is told, of all tenants: its own inbox, the stream, and nothing that changes it. */
export function readerEntry({ publicKey, name }: { publicKey: string; name: string }): string {
  const publish = ['events.api.>', '$JS.ACK.BURSAR_EVENTS.>'].map((each) => `"${each}"`).join(', ');
  const subscribe = `_INBOX.${name}.>`;
  return `{ nkey: ${publicKey}, permissions: { publish: [${publish}], subscribe: ["${subscribe}"] } }`;
}
