import { createApiClient, type ApiClient } from '../../support/agent.client.js';
import { startBursar, type RunningBursar } from '../../support/bursar.process.js';
import { createSandboxControl, DOUBLES } from '../../support/sandbox.control.js';
import { LIFETIME, newAgent, type Scene } from '../process/fault.stage.js';

/** They work at both. Stripe declines every number but those it publishes for tests, and for good. */
const WORKING = ['4242424242424242', '4000056655665556', '5555555555554444', '378282246310005'];
/** How many tokens each of them has. */
const TOKENS_EACH = 5;
/** Stripe has trouble with it, Adyen takes it: the failover that a working processor causes. */
const FAILS_OVER = '4000000000000119';
/** Declined by both, and declined for good. */
const DECLINED = ['4000000000009995', '4000000000009979'];
/** Stripe takes its refunds on, and carries them out later. */
const REFUNDED_LATER = '4000000000007726';

export interface DoublesStage extends Scene {
  readonly bursar: RunningBursar;
  readonly buyer: ApiClient;
  /** Of cards in the vault; several are the same one. */
  readonly tokens: string[];
  dispose(): Promise<void>;
}

/** A server that pays through Stripe first and Adyen second, an agent with a wide mandate, and cards that it may use. */
export async function openDoublesStage(): Promise<DoublesStage> {
  const bursar = await startBursar({ env: { BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' } });
  const clients: { close(): void }[] = [];
  const clientOf = (key: string, connections?: number) => {
    const client = createApiClient(bursar.baseUrl, key, connections);
    clients.push(client);
    return client;
  };
  const dispose = async () => {
    for (const { close } of clients) close();
    await bursar.dispose();
  };
  try {
    const sandbox = createSandboxControl(bursar.sandboxUrl, DOUBLES);
    clients.push(sandbox);
    const operator = clientOf(bursar.credentials().operator.key);
    const agent = await newAgent(operator);
    return {
      bursar,
      sandbox,
      agent,
      lifetime: LIFETIME,
      operator,
      buyer: clientOf(agent.key),
      tokens: await bringCards(operator),
      agentClient: (connections) => clientOf(agent.key, connections),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function bringCards(operator: ApiClient): Promise<string[]> {
  const bring = async (number: string) => {
    const card = {
      number,
      exp_month: 7,
      exp_year: 2041,
      cvc: number.length === 15 ? '9137' : '913',
    };
    const answer = await operator.tokenize({ card });
    if (answer.status !== 201) throw new Error(`no token: ${answer.bytes}`);
    return answer.body.id;
  };
  const tokens: string[] = [];
  for (let count = 0; count < TOKENS_EACH; count += 1)
    for (const number of WORKING) tokens.push(await bring(number));
  const failsOver = await bring(FAILS_OVER);
  const refundedLater = await bring(REFUNDED_LATER);
  for (const number of DECLINED) tokens.push(await bring(number));
  return [...tokens, ...Array.from({ length: 5 }, () => failsOver), refundedLater, refundedLater];
}
