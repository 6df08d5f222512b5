import { join, resolve } from 'node:path';
import { credentialsOf } from './api.client.js';
import { type Command, DATA_DIR } from './command.js';
import { CommandFailure } from './failures.js';

/** A token of a subject, and a part of a file's name. */
const AGENT_ID = /^agt_[A-Za-z0-9_]{1,64}$/;
const READER_NAME = /^[a-z][a-z0-9-]{0,63}$/;

const agent: Command = {
  name: 'nats agent',
  summary: 'a key for an agent to come over NATS with, and its entry for the server',
  positionals: ['[agent]'],
  options: {
    ...DATA_DIR,
    tenant: {
      type: 'string',
      value: 'name',
      summary: 'whose agent it is (default: sandbox, the tenant of the first start)',
    },
  },
  details: `Prints the entry that deploy/nats/agents.conf needs: the agent's public key, and the subjects that are its own. The
private key is written to nats/<agent>.nk in the data folder, readable by you only: it is for the agent and for nobody
else. Without an id it is the agent of the tenant's credentials. A key that is there already is kept.`,
  example: 'bursar nats agent agt_4xv2…',
  run: async (asked) => {
    const credentials = credentialsOf(asked);
    const [id = credentials.agent.id] = asked.positionals;
    if (!AGENT_ID.test(id)) throw new CommandFailure(`${id} is not the id of an agent.`);
    const { agentEntry } = await import('../nats-keys.js');
    const path = join(asked.dataDir, 'nats', `${id}.nk`);
    const publicKey = await keyAt(path);
    asked.terminal.out(agentEntry({ publicKey, tenant: credentials.tenant, agent: id }));
    asked.terminal.err(`The agent's key is in ${path}.`);
  },
};

const reader: Command = {
  name: 'nats reader',
  summary:
    'a key for a service to read the events of all tenants with, and its entry for the server',
  positionals: ['name'],
  options: DATA_DIR,
  details: `Prints the entry that deploy/nats/readers.conf needs: the service's public key, and what it may ask of the stream. The private
key is written to nats/<name>.nk in the data folder, readable by you only: it is for the service and for nobody else. A key
that is there already is kept. docs/event-feed.md says how to read.`,
  example: 'bursar nats reader reports',
  run: async ({ positionals, dataDir, terminal }) => {
    const [name = ''] = positionals;
    if (!READER_NAME.test(name))
      throw new CommandFailure('A name has lower-case letters, digits and hyphens.');
    const { readerEntry } = await import('../nats-keys.js');
    const path = join(dataDir, 'nats', `${name}.nk`);
    const publicKey = await keyAt(path);
    terminal.out(readerEntry({ publicKey, name }));
    terminal.err(`The service's key is in ${path}.`);
  },
};

const keys: Command = {
  name: 'nats keys',
  summary: 'keys for the processes of Bursar to come over NATS with',
  positionals: ['folder'],
  options: {},
  details: `Writes a private key for each of them to <folder>/<name>.nk, readable by you only, and prints what the server's
configuration, deploy/nats/nats-server.conf, takes from its environment: the public keys. Keys that are there already
are kept.`,
  example: 'bursar nats keys deploy/nats/keys > deploy/nats/keys/server.env',
  run: async ({ positionals, terminal }) => {
    const [folder = ''] = positionals;
    const { NATS_NAMES } = await import('../nats-keys.js');
    for (const name of NATS_NAMES) {
      const publicKey = await keyAt(join(resolve(folder), `${name}.nk`));
      terminal.out(`BURSAR_NATS_${name.toUpperCase()}=${publicKey}`);
    }
  },
};

const secret: Command = {
  name: 'secret',
  summary: 'the secret that all processes of the write side share',
  positionals: ['file'],
  options: {},
  details: `Writes it to a file that only you can read, for BURSAR_INSTANCE_SECRET_FILE: API keys derive from it. One that is there
already is kept: with another one, no key that was ever issued could be told again.`,
  example: 'bursar secret deploy/instance.secret',
  run: async ({ positionals, terminal }) => {
    const [file = ''] = positionals;
    const { provideInstanceSecret } = await import('../instance-secret.js');
    provideInstanceSecret(resolve(file));
    terminal.out(resolve(file));
  },
};

export const DEPLOYMENT: readonly Command[] = [agent, reader, keys, secret];

/** @throws CommandFailure for a file that holds something else, or cannot be written */
async function keyAt(path: string): Promise<string> {
  const { publicKeyAt } = await import('../nats-keys.js');
  try {
    return publicKeyAt(path);
  } catch (error) {
    throw new CommandFailure(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
