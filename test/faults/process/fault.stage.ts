import { createApiClient, type ApiClient } from '../../support/agent.client.js';
import {
  startBursar,
  startSandbox,
  type RunningBursar,
  type RunningSandbox,
} from '../../support/bursar.process.js';
import { createSandboxControl, type SandboxControl } from '../../support/sandbox.control.js';

/** What the one agent may spend in all: more than any run does. */
export const LIFETIME = 1_000_000_000_000;

/** Where purchases are made and judged, whatever serves them. */
export interface Scene {
  readonly bursar: Pick<RunningBursar, 'credentials'>;
  readonly sandbox: SandboxControl;
  readonly agent: { id: string; key: string };
  /** What the agent may spend in all. */
  readonly lifetime: number;
  readonly operator: ApiClient;
  /** A client of the agent; closed with the stage. Connections to a process that died are of no use to the next one. */
  agentClient(connections?: number): ApiClient;
}

/** A server and a sandbox, each a process that signals can be sent to, and one agent with a wide mandate. */
export interface FaultStage extends Scene {
  readonly bursar: RunningBursar;
  readonly sandboxProcess: RunningSandbox;
  dispose(): Promise<void>;
}

export async function openFaultStage(): Promise<FaultStage> {
  const sandboxProcess = await startSandbox();
  const clients: { close(): void }[] = [];
  const closers: (() => Promise<void>)[] = [sandboxProcess.dispose];
  const dispose = async () => {
    for (const { close } of clients) close();
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const bursar = await startBursar({ sandboxUrl: sandboxProcess.url });
    closers.push(bursar.dispose);
    const sandbox = createSandboxControl(sandboxProcess.url);
    const clientOf = (key: string, connections?: number) => {
      const client = createApiClient(bursar.baseUrl, key, connections);
      clients.push(client);
      return client;
    };
    clients.push(sandbox);
    const operator = clientOf(bursar.credentials().operator.key);
    const agent = await newAgent(operator);
    return {
      bursar,
      sandboxProcess,
      sandbox,
      agent,
      lifetime: LIFETIME,
      operator,
      agentClient: (connections) => clientOf(agent.key, connections),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export async function newAgent(
  operator: ApiClient,
  lifetime = LIFETIME,
): Promise<{ id: string; key: string }> {
  const agent = await operator.createAgent('an agent among faults');
  if (agent.status !== 201) throw new Error(`no agent: ${agent.bytes}`);
  const { id, key } = agent.body;
  const limits = { lifetime: { USD: lifetime } };
  const mandate = await operator.createMandate({ agent: id, limits, velocity: { default: false } });
  if (mandate.status !== 201) throw new Error(`no mandate: ${mandate.bytes}`);
  return { id, key };
}
