import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bus } from '#bus';
import type { Answer, Call, Messages } from '#contracts';
import type { JsonRecord, MandateTerms } from '#domain';
import { readIfThere, writePrivateFile } from './private-file.js';
import { filesOf } from './settings.js';

/** What the people of a tenant and its first agent come in with; a file with mode 0600 in the data folder. */
export interface Credentials {
  base_url: string;
  tenant: string;
  agent: { id: string; key: string; mandate: string };
  operator: { key: string };
  approver: { key: string };
  auditor: { key: string };
}

/** The tenant of the first start. */
export const FIRST_TENANT = 'sandbox';

/** A payment up to 1,000.00, ten times that a day, a human from 500.00 on; and the like in yen. */
const DEMO_LIMITS: Readonly<Record<string, readonly [number, number, number]>> = {
  USD: [100_000, 1_000_000, 50_000],
  EUR: [100_000, 1_000_000, 50_000],
  GBP: [100_000, 1_000_000, 50_000],
  JPY: [150_000, 1_500_000, 75_000],
};

/** Where a tenant's credentials lie. Names are a part of file names: check them first. */
export function credentialsPath(dataDir: string, tenant: string): string {
  const { credentials, tenants } = filesOf(dataDir);
  return tenant === FIRST_TENANT ? credentials : join(tenants, `${tenant}.json`);
}

/**
 * Creates a tenant with people, an agent and its mandate, unless it is there, and writes their credentials down. Every step
 * is idempotent, so what was cut short is finished by the next call.
 */
export async function provideTenant(
  bus: Bus<Messages>,
  { name, path, baseUrl }: { name: string; path: string; baseUrl: string },
): Promise<Credentials> {
  const known = readIfThere(path);
  const credentials = known
    ? { ...(JSON.parse(known) as Credentials), base_url: baseUrl }
    : await createTenant(bus, name, baseUrl);
  const content = `${JSON.stringify(credentials, null, 2)}\n`;
  if (content !== known) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writePrivateFile(path, content);
  }
  return credentials;
}

async function createTenant(
  bus: Bus<Messages>,
  tenantName: string,
  baseUrl: string,
): Promise<Credentials> {
  const { tenant, ...staff } = await bus.request('commands.tenant.create', { name: tenantName });
  const name = 'demo';
  const agent = bodyOf(
    await bus.request('commands.agent.register', {
      ...callAs(tenant, '/v1/agents', { name }),
      name,
    }),
  );
  const terms = demoTerms(agent['id'] as string);
  const mandate = bodyOf(
    await bus.request('commands.mandate.grant', {
      ...callAs(tenant, '/v1/mandates', terms as unknown as JsonRecord),
      terms,
    }),
  );
  const [id, key, mandateId] = [agent['id'], agent['key'], mandate['id']].map(String) as [
    string,
    string,
    string,
  ];
  return { base_url: baseUrl, tenant, agent: { id, key, mandate: mandateId }, ...staff };
}

function callAs(tenant: string, path: string, request: JsonRecord): Call {
  return {
    principal: { tenant, role: 'operator', id: 'first_start', key: 'first_start' },
    path,
    idempotencyKey: 'first-start',
    request,
    traceId: '0'.repeat(32),
  };
}

function bodyOf({ status, body }: Answer): JsonRecord {
  if (status !== 201) throw new Error(`the first start was refused: ${body}`);
  return JSON.parse(body) as JsonRecord;
}

function demoTerms(agent: string): MandateTerms {
  const column = (index: 0 | 1 | 2) =>
    Object.fromEntries(
      Object.entries(DEMO_LIMITS).map(([currency, amounts]) => [currency, amounts[index]]),
    );
  return {
    agent,
    limits: {
      per_payment: column(0),
      windows: [{ name: 'day', calendar: 'day', timezone: 'UTC', amount: column(1) }],
    },
    approval: { above: column(2) },
    velocity: { default: false },
  };
}
