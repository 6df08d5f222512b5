import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { createApiClient, everyPage, type ApiClient } from './agent.client.js';
import {
  startBursar,
  startSandbox,
  type RunningBursar,
  type RunningSandbox,
} from './bursar.process.js';
import type { MandateRequest, PaymentIntent } from './contract.types.js';
import { eventually } from './eventually.js';
import { tail } from './node.process.js';
import { purchase } from './purchase.fixture.js';
import {
  createSandboxControl,
  type ProcessorName,
  type SandboxControl,
} from './sandbox.control.js';

/** More than any test spends, and no velocity rule. */
export const WIDE: MandateRequest['limits'] = {
  lifetime: { USD: 1_000_000_000, EUR: 1_000_000_000, JPY: 1_000_000_000 },
};

export interface OwnAgent {
  id: string;
  key: string;
  client: ApiClient;
  /** Its mandate's id, or null when it was made without one. */
  mandate: string | null;
}

export interface Stage {
  readonly bursar: RunningBursar;
  readonly sandbox: SandboxControl;
  /** The demo agent and the three people of the credentials file. */
  readonly agent: ApiClient;
  readonly operator: ApiClient;
  readonly approver: ApiClient;
  readonly auditor: ApiClient;
  /** A client with that credential, or with none; closed with the stage. */
  clientOf(credential: string | null): ApiClient;
  /** A new agent; with a mandate unless `mandate` is null. */
  newAgent(mandate?: Omit<MandateRequest, 'agent'> | null): Promise<OwnAgent>;
  /** Ends all faults and waits until all processors are trusted again. */
  heal(): Promise<void>;
  /** Waits until a payment is neither being worked on nor waiting. */
  concluded(id: string, withinMs?: number): Promise<PaymentIntent>;
  /** Waits until a payment is as wanted, whoever works on it. */
  untilPayment(
    id: string,
    satisfied: (payment: PaymentIntent) => boolean,
    what: string,
  ): Promise<PaymentIntent>;
  /** The types of a payment's events, in order. */
  eventTypes(id: string): Promise<string[]>;
}

export interface StageOptions {
  /** Runs the sandbox in a process of its own, which outlives the server. */
  sandboxApart?: boolean;
  /** More settings of the server. */
  env?: Record<string, string>;
  /** Whom it pays through, if not through the sandbox's own two. */
  processors?: readonly ProcessorName[];
}

interface Props {
  bursar: RunningBursar;
  sandboxProcess: RunningSandbox | null;
  sandbox: SandboxControl;
  clients: ApiClient[];
  roles: Record<'agent' | 'operator' | 'approver' | 'auditor', ApiClient>;
}

/**
 * One server for all tests of a file: started before them, ended after them whatever happened, its output shown with a test
 * that failed. Faults end after each test.
 */
export function useStage(options: StageOptions = {}): Stage {
  let props: Props | undefined;
  beforeAll(async () => {
    props = await setUp(options);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      console.error(`--- the server's output ---\n${tail(props?.bursar.output() ?? '')}`);
    }
    await props?.sandbox.heal();
  });
  afterAll(async () => {
    if (props) await tearDown(props);
  });

  const now = (): Props => {
    if (!props) throw new Error('the stage is set up before the first test, not before that');
    return props;
  };
  const clientOf = (credential: string | null) => {
    const client = createApiClient(now().bursar.baseUrl, credential);
    now().clients.push(client);
    return client;
  };
  return {
    get bursar() {
      return now().bursar;
    },
    get sandbox() {
      return now().sandbox;
    },
    get agent() {
      return now().roles.agent;
    },
    get operator() {
      return now().roles.operator;
    },
    get approver() {
      return now().roles.approver;
    },
    get auditor() {
      return now().roles.auditor;
    },
    clientOf,
    newAgent: (mandate = { limits: WIDE, velocity: { default: false } }) =>
      newAgent(now().roles.operator, clientOf, mandate),
    heal: () => heal(now()),
    concluded: (id, withinMs = 60_000) =>
      untilPayment(now().roles.operator, id, isConcluded, `the end of ${id}`, withinMs),
    untilPayment: (id, satisfied, what) =>
      untilPayment(now().roles.operator, id, satisfied, `${what} of ${id}`, 30_000),
    eventTypes: async (id) =>
      (await everyPage((query) => now().roles.auditor.events(id, query))).map(({ type }) => type),
  };
}

async function setUp({ sandboxApart = false, env, processors }: StageOptions): Promise<Props> {
  const sandboxProcess = sandboxApart ? await startSandbox() : null;
  try {
    const bursar = await startBursar({ env, sandboxUrl: sandboxProcess?.url });
    const { agent, operator, approver, auditor } = bursar.credentials();
    const client = ({ key }: { key: string }) => createApiClient(bursar.baseUrl, key);
    const roles = {
      agent: client(agent),
      operator: client(operator),
      approver: client(approver),
      auditor: client(auditor),
    };
    return {
      bursar,
      sandboxProcess,
      sandbox: createSandboxControl(bursar.sandboxUrl, processors),
      clients: Object.values(roles),
      roles,
    };
  } catch (error) {
    await sandboxProcess?.dispose();
    throw error;
  }
}

async function tearDown({ bursar, sandboxProcess, sandbox, clients }: Props): Promise<void> {
  for (const client of clients) client.close();
  sandbox.close();
  try {
    await bursar.dispose();
  } finally {
    await sandboxProcess?.dispose();
  }
}

async function newAgent(
  operator: ApiClient,
  clientOf: (credential: string) => ApiClient,
  mandate: Omit<MandateRequest, 'agent'> | null,
): Promise<OwnAgent> {
  const agent = await operator.createAgent('an agent of a test');
  expect(agent.status, agent.bytes.toString()).toBe(201);
  const { id, key } = agent.body;
  const client = clientOf(key);
  if (mandate === null) return { id, key, client, mandate: null };
  const made = await operator.createMandate({ agent: id, ...mandate });
  expect(made.status, made.bytes.toString()).toBe(201);
  return { id, key, client, mandate: made.body.id };
}

/** A breaker may need traffic to learn that its processor is back; small payments give it some. */
async function heal({ sandbox, roles }: Props): Promise<void> {
  await sandbox.heal();
  const look = async () => {
    const { data } = (await roles.operator.processors()).body;
    if (data.some(({ breaker }) => breaker !== 'closed')) {
      await roles.agent.createPayment(purchase({ amount: 1 }));
    }
    return data;
  };
  await eventually(look, (data) => data.every(({ breaker }) => breaker === 'closed'), {
    withinMs: 45_000,
    everyMs: 200,
    what: 'closed breakers',
  });
}

function untilPayment(
  operator: ApiClient,
  id: string,
  satisfied: (payment: PaymentIntent) => boolean,
  what: string,
  withinMs: number,
): Promise<PaymentIntent> {
  return eventually(async () => (await operator.payment(id)).body, satisfied, { withinMs, what });
}

function isConcluded({ status }: PaymentIntent): boolean {
  return ['succeeded', 'failed', 'canceled'].includes(status);
}
