import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiClient } from '../../support/agent.client.js';
import type { Credentials, MandateRequest } from '../../support/contract.types.js';
import { purchase } from '../../support/purchase.fixture.js';
import type { OwnAgent, Stage } from '../../support/stage.fixture.js';
import type { Operation } from './openapi.reader.js';

/** Who may ask. `victim` is the agent that other inputs suspend and rob of its mandates; `retired` has a revoked key. */
export const ACTORS = [
  'agent',
  'rival',
  'victim',
  'retired',
  'operator',
  'approver',
  'auditor',
  'foreign_agent',
  'foreign_operator',
] as const;
export type Actor = (typeof ACTORS)[number];

/** Kinds of names that inputs use and answers teach. */
export const POOLS = [
  'payment',
  'agent',
  'mandate',
  'key_id',
  'refund',
  'cursor',
  'fingerprint',
  'own_mandate',
] as const;
export type Pool = (typeof POOLS)[number];

export interface Payer {
  id: string;
  tenant: string;
}

/** Two tenants, and what can be named in an input before it is known. */
export interface World {
  /** Replaces `{{key:<actor>}}`, `{{<pool>:<number>}}` and `{{fresh}}`. */
  filled(text: string): string;
  /** Remembers the names in an answer. */
  learn(body: unknown): void;
  /** The agent behind a bearer key. */
  payerOf(authorization: string): Payer | null;
  /** An operator of each tenant. */
  operators: ApiClient[];
}

const REMEMBERED = 64;
const PREFIXES: readonly (readonly [RegExp, Pool])[] = [
  [/^pi_/, 'payment'],
  [/^agt_/, 'agent'],
  [/^mnd_/, 'mandate'],
  [/^rf_/, 'refund'],
];
const AMOUNTS = { USD: 100_000, EUR: 100_000, JPY: 150_000 };
const MANDATE: Omit<MandateRequest, 'agent'> = {
  limits: {
    per_payment: AMOUNTS,
    lifetime: { USD: 2 ** 52, EUR: 2 ** 52, JPY: 2 ** 52 },
  },
  approval: { above: { USD: 50_000, EUR: 50_000, JPY: 75_000 } },
  velocity: { default: false },
};

const PLAYING: Readonly<Record<'agent' | 'operator' | 'approver' | 'auditor', readonly Actor[]>> = {
  agent: ['agent', 'agent', 'agent', 'agent', 'rival', 'victim', 'foreign_agent'],
  operator: ['operator', 'operator', 'operator', 'foreign_operator'],
  approver: ['approver'],
  auditor: ['auditor'],
};

/** Who may ask for what, found by asking: the document does not say. */
export async function whoMay(
  stage: Stage,
  operations: readonly Operation[],
): Promise<(operation: Operation) => readonly Actor[]> {
  const roles = Object.keys(PLAYING) as (keyof typeof PLAYING)[];
  const actorsOf = async ({ method, path }: Operation) => {
    const statuses = await Promise.all(
      roles.map(
        async (role) =>
          (await stage[role].request(method, path.replace(/\{\w+\}/g, 'unknown'))).status,
      ),
    );
    return roles.filter((_, index) => statuses[index] !== 403).flatMap((role) => PLAYING[role]);
  };
  const actors = new Map<Operation, readonly Actor[]>();
  for (const operation of operations) actors.set(operation, await actorsOf(operation));
  return (operation) => actors.get(operation) ?? [];
}

/** Makes a second tenant, the agents of both, and a payment in every state that an input may want to name. */
export async function createWorld(stage: Stage): Promise<World> {
  const { tenant, operator, approver, auditor } = stage.bursar.credentials();
  const foreign = await foreignTenant(stage);
  const [agent, rival, victim, retired] = await Promise.all([
    stage.newAgent(MANDATE),
    stage.newAgent(MANDATE),
    stage.newAgent(MANDATE),
    stage.newAgent(MANDATE),
  ]);
  await stage.operator.revokeKey(retired.id, keyIdOf(retired.key));
  const keys: Record<Actor, string> = {
    agent: agent.key,
    rival: rival.key,
    victim: victim.key,
    retired: retired.key,
    operator: operator.key,
    approver: approver.key,
    auditor: auditor.key,
    foreign_agent: foreign.agent.key,
    foreign_operator: foreign.operator.key,
  };
  const payers = new Map<string, Payer>([
    ...[agent, rival, victim].map(({ key, id }) => [key, { id, tenant }] as const),
    [foreign.agent.key, { id: foreign.agent.id, tenant: foreign.tenant }],
  ]);
  const known: Record<Pool, string[]> = {
    payment: await payments(agent, stage.clientOf(foreign.agent.key)),
    agent: [victim.id, foreign.agent.id],
    mandate: [victim.mandate ?? '', foreign.agent.mandate],
    key_id: [keyIdOf(victim.key), keyIdOf(foreign.agent.key)],
    refund: ['rf_unknown'],
    cursor: ['MA=='],
    fingerprint: ['0'.repeat(64)],
    own_mandate: [agent.mandate ?? '', rival.mandate ?? ''],
  };
  const remember = (pool: Pool, name: string) => {
    const names = known[pool];
    if (names.includes(name)) return;
    if (names.length >= REMEMBERED) names.splice(2, 1);
    names.push(name);
  };

  return {
    operators: [stage.operator, stage.clientOf(foreign.operator.key)],
    payerOf: (authorization) => payers.get(authorization.replace(/^bearer +/i, '').trim()) ?? null,
    filled: (text) =>
      text.replace(/\{\{(\w+)(?::(\w+))?\}\}/g, (whole, what: string, which = '0') => {
        if (what === 'fresh') return randomUUID();
        if (what === 'key') return keys[which as Actor];
        const names = known[what as Pool] as string[] | undefined;
        return names?.[Number(which) % names.length] ?? whole;
      }),
    learn: (body) => {
      for (const [name, value] of namedIn(body)) {
        const pool =
          PREFIXES.find(([prefix]) => prefix.test(value))?.[1] ??
          (name === 'fingerprint' ? 'fingerprint' : name === 'next_cursor' ? 'cursor' : null);
        if (pool) remember(pool, value);
      }
    },
  };
}

function keyIdOf(key: string): string {
  return key.split('_')[2] ?? '';
}

/** Names in an answer, of itself and of its first elements. */
function namedIn(body: unknown): [string, string][] {
  if (typeof body !== 'object' || body === null) return [];
  const { id, approval, next_cursor, data } = body as Record<string, unknown>;
  const fingerprint = (approval as { fingerprint?: unknown } | null | undefined)?.fingerprint;
  const own = Object.entries({ id, fingerprint, next_cursor }).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const first: unknown[] = Array.isArray(data) ? data.slice(0, 2) : [];
  return [...own, ...first.flatMap(namedIn)];
}

async function payments(agent: OwnAgent, foreign: ApiClient): Promise<string[]> {
  const made = await Promise.all([
    agent.client.createPayment(purchase()),
    foreign.createPayment(purchase()),
    agent.client.createPayment(purchase({ capture_method: 'manual' })),
    agent.client.createPayment(purchase({ amount: 60_000 })),
    agent.client.createPayment(purchase({ payment_method: 'pm_sandbox_stolen' })),
  ]);
  return made.map(({ body }) => body.id);
}

async function foreignTenant({ bursar }: Stage): Promise<Credentials> {
  const program = ['dist/apps/bursar/main.js', 'tenants', 'create', 'foreign'];
  await promisify(execFile)(process.execPath, [...program, '--data-dir', bursar.dataDir]);
  return JSON.parse(await readFile(join(bursar.dataDir, 'tenants', 'foreign.json'), 'utf8'));
}
