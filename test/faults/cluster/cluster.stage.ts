import { createApiClient } from '../../support/agent.client.js';
import { startBalancer } from '../../support/balancer.js';
import { startSandbox } from '../../support/bursar.process.js';
import {
  startCluster,
  type ClusterOptions,
  type RunningCluster,
} from '../../support/cluster.process.js';
import { createSandboxControl } from '../../support/sandbox.control.js';
import { LIFETIME, newAgent, type Scene } from '../process/fault.stage.js';
import { openWays, type Ways } from './ways.js';

/** The distributed form and a sandbox, each a process of its own, and one agent whose purchases come in through a balancer. */
export interface ClusterStage extends Scene {
  readonly cluster: RunningCluster;
  readonly ways: Ways;
  dispose(): Promise<void>;
}

export interface ClusterStageOptions extends Pick<ClusterOptions, 'each'> {
  /** What the agent may spend in all; without it more than any run does. */
  lifetime?: number;
}

export async function openClusterStage(options: ClusterStageOptions = {}): Promise<ClusterStage> {
  const { each, lifetime = LIFETIME } = options;
  const closers: (() => unknown)[] = [];
  const dispose = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const { url: sandboxUrl, dispose: endSandbox } = await startSandbox();
    closers.push(endSandbox);
    const ways = openWays();
    closers.push(ways.close);
    const cluster = await startCluster({ each, sandboxUrl, envOf: ways.settingsOf });
    closers.push(cluster.dispose);
    const ports = cluster.of('gateway').map(({ url }) => Number(new URL(url).port));
    const balancer = await startBalancer(ports);
    closers.push(balancer.close);
    const baseUrl = `http://127.0.0.1:${balancer.port}`;
    const credentials = await cluster.makeTenant('sandbox', baseUrl);
    const clientOf = (key: string, connections?: number) => {
      const client = createApiClient(baseUrl, key, connections);
      closers.push(client.close);
      return client;
    };
    const sandbox = createSandboxControl(sandboxUrl);
    closers.push(sandbox.close);
    const operator = clientOf(credentials.operator.key);
    const agent = await newAgent(operator, lifetime);
    return {
      bursar: cluster,
      cluster,
      ways,
      sandbox,
      agent,
      lifetime,
      operator,
      agentClient: (connections) => clientOf(agent.key, connections),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
