import type { PlainJson, PolicyInput } from './policy.port.js';

type JsonObject = { [member: string]: PlainJson };
type EntityUid = { type: string; id: string };

/** The question as Cedar sees it; the schema of a bundle describes the same shape. */
export interface CedarRequest extends JsonObject {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context: JsonObject;
  entities: { uid: EntityUid; attrs: JsonObject; parents: EntityUid[] }[];
}

export function toCedarRequest(input: PolicyInput): CedarRequest {
  const { tenant, agent, mandate, payee } = input;
  const principal = { type: 'Agent', id: agent.id };
  const resource = { type: 'Payee', id: payee.id };
  const { name, mcc, country, domain } = payee;
  return {
    principal,
    action: { type: 'Action', id: 'pay' },
    resource,
    context: present({
      amountMinor: input.amountMinor,
      currency: input.currency,
      captureMethod: input.captureMethod,
      purpose: input.purpose,
      mandate: mandate ? { __entity: { type: 'Mandate', id: mandate.id } } : undefined,
      now: { __extn: { fn: 'datetime', arg: input.now } },
    }),
    entities: [
      {
        uid: principal,
        attrs: { name: agent.name },
        parents: [{ type: 'Tenant', id: tenant }],
      },
      { uid: resource, attrs: present({ name, mcc, country, domain }), parents: [] },
    ],
  };
}

/** Cedar tells absent from empty and knows no null, so absent members are left out. */
function present(members: Record<string, PlainJson | undefined>): JsonObject {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as JsonObject;
}
