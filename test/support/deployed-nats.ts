import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bursar as commandLine } from './command-line.js';
import type { Credentials } from './contract.types.js';
import { connectNatsAgent, type NatsAgent } from './nats.agent.js';
import { startNatsServer, type NatsServer } from './nats.server.js';

const DEPLOYED = fileURLToPath(new URL('../../deploy/nats/', import.meta.url));

/** A NATS server with the configuration that is shipped, and keys made as the documents tell an operator to. */
export interface DeployedNats {
  readonly server: NatsServer;
  /** Path of the private key of one of Bursar's own processes, or of the owner. */
  keyFile(name: string): string;
  /** Lets agents of the tenant in, these and those of before. `dataDir` has the tenant's credentials and gets the agents' keys. */
  letIn(dataDir: string, ...agents: string[]): Promise<void>;
  /** Lets a service in that reads events. Answers the path of its private key. */
  letReaderIn(name: string): Promise<string>;
  /** An agent that was let in. */
  connect(dataDir: string, credentials: Credentials, agent: string): Promise<NatsAgent>;
  dispose(): Promise<void>;
}

export async function startDeployedNats(): Promise<DeployedNats> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-nats-'));
  await cp(DEPLOYED, folder, { recursive: true });
  const made = await succeeded(['nats', 'keys', join(folder, 'keys')]);
  const env = Object.fromEntries(made.split('\n').map((line) => line.split('=')));
  const server = await startNatsServer({ config: join(folder, 'nats-server.conf'), env });
  const entries: string[] = [];
  const readers: string[] = [];
  return {
    server,
    keyFile: (name) => join(folder, 'keys', `${name}.nk`),
    letIn: async (dataDir, ...agents) => {
      for (const agent of agents)
        entries.push(await succeeded(['nats', 'agent', agent, '--data-dir', dataDir]));
      await writeFile(join(folder, 'agents.conf'), `users: [\n${entries.join('\n')}\n]\n`);
      server.reload();
    },
    letReaderIn: async (name) => {
      readers.push(await succeeded(['nats', 'reader', name, '--data-dir', folder]));
      await writeFile(join(folder, 'readers.conf'), `users: [\n${readers.join('\n')}\n]\n`);
      server.reload();
      return join(folder, 'nats', `${name}.nk`);
    },
    connect: async (dataDir, { tenant }, id) => {
      const key = await readFile(join(dataDir, 'nats', `${id}.nk`), 'utf8');
      const seed = /^SU\w+$/m.exec(key)?.[0] ?? '';
      return connectNatsAgent(server.port, { tenant, id, seed });
    },
    dispose: async () => {
      await server.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function succeeded(args: string[]): Promise<string> {
  const { status, stdout, stderr } = await commandLine(args);
  if (status !== 0) throw new Error(`bursar ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}
