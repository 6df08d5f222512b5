import { type Answer, type PaymentOperation, deriveId } from '#contracts';
import type { Buyer, World } from './world.js';
import type { Wish } from './scenario.js';

export interface Told {
  readonly key: string;
  readonly path: string;
  readonly answer: Answer;
}

/** How long after the world healed an operator looks at what is parked. */
const OPERATOR_LOOKS_AFTER_MS = 10_000;

interface Resource {
  id?: string;
  status?: string;
  payment_intent?: string | null;
  code?: string;
}

/** The agents, the approver and the operator: they ask, and ask again under the same key until they know. */
export class People {
  /** Concluded answers, in the order they came. */
  readonly told: Told[] = [];
  busy = 0;
  /** When the operator's switch was answered, and for whom. */
  switched: { atMs: number; agents: readonly string[] } | null = null;

  constructor(private readonly world: World) {}

  /** Runs the whole plan; `busy` is zero when everybody is done. */
  async begin(): Promise<void> {
    const { scenario } = this.world;
    this.busy += 1;
    const agents = await Promise.all([this.world.agent('buyer'), this.world.agent('other')]);
    const team = await this.team(agents[0]);
    const [buyer, other] = await Promise.all(
      agents.map(async (agent): Promise<Buyer> => {
        const { limitMinor, teamLimitMinor } = scenario;
        const limits = { lifetime: { USD: Math.min(limitMinor, teamLimitMinor ?? Infinity) } };
        const mandate = await this.world.mandate(agent, { agent, limits, parent: team });
        return { principal: this.world.person('agent', agent), mandate };
      }),
    );
    if (!buyer || !other) throw new Error('two agents were asked for');
    for (const wish of scenario.wishes)
      this.later(wish.atMs, () => this.fulfil(wish, buyer, other));
    this.later(scenario.healAtMs + OPERATOR_LOOKS_AFTER_MS, () => this.lookAgain());
    this.later(scenario.killSwitch?.atMs ?? 0, () => this.turnOff([buyer, other], team));
    this.busy -= 1;
  }

  /** The mandate above both agents' own, if there is to be one. */
  private async team(agent: string): Promise<string | null> {
    const { teamLimitMinor } = this.world.scenario;
    if (teamLimitMinor === null) return null;
    return this.world.mandate('team', { agent, limits: { lifetime: { USD: teamLimitMinor } } });
  }

  private later(delayMs: number, what: () => Promise<void>): void {
    this.busy += 1;
    this.world.kernel.schedule(delayMs, 'somebody begins', this.world.people, () => {
      void what().finally(() => (this.busy -= 1));
    });
  }

  private async fulfil(wish: Wish, buyer: Buyer, other: Buyer): Promise<void> {
    const key = `key-${wish.name}`;
    const first = this.pay(wish, buyer, key);
    for (let caller = 1; caller < wish.callers; caller += 1)
      this.later(
        this.world.kernel.prng.below(200),
        async () => void (await this.pay(wish, buyer, key)),
      );
    if (wish.again !== 'never') {
      const who = wish.again === 'same_agent' ? buyer : other;
      this.later(
        this.world.kernel.prng.below(4_000),
        async () => void (await this.pay(wish, who, `again-${wish.name}`)),
      );
    }
    if (wish.then === 'cancel_early')
      this.later(this.world.kernel.prng.below(1_000), () => this.cancelEarly(wish, buyer));
    const { id, status } = resourceOf(await first);
    if (id === undefined || status === 'failed' || status === 'canceled') return;
    await this.goOn(wish, buyer, id);
  }

  private async pay(wish: Wish, { principal, mandate }: Buyer, key: string): Promise<Answer> {
    const { world } = this;
    const { manual, reserve } = wish;
    const request = {
      amount: wish.amount,
      currency: 'USD',
      payee: { id: 'acme', mcc: wish.mcc },
      payment_method: wish.token,
      order_reference: wish.name,
      mandate,
      ...(manual && { capture_method: 'manual' }),
      ...(reserve && {
        reservation: { participant: 'warehouse', items: [{ sku: reserve, quantity: 1 }] },
      }),
    };
    const path = '/v1/payment_intents';
    const call = world.call(principal, path, key, request);
    const answer = await world.insist(async () => {
      const given = await world.ask('commands.payment_intent.create', {
        ...call,
        mandate,
        waitMs: world.kernel.prng.pick([0, 1_000, 10_000]),
      });
      const { id, status } = resourceOf(given);
      if (status === 'requires_approval' && id) await this.decide(wish, id);
      return given;
    }, isConclusion);
    this.told.push({ key: `${principal.id} ${key}`, path, answer });
    return answer;
  }

  /** An agent can compute the id of its payment before it is answered. */
  private async cancelEarly({ name }: Wish, { principal }: Buyer): Promise<void> {
    const { tenant, id: agent } = principal;
    const id = `pi_${deriveId(tenant, agent, 'POST', '/v1/payment_intents', `key-${name}`)}`;
    await this.operate(principal, id, 'cancel', `cancel-${id}`, { kind: 'cancel' });
  }

  private async decide({ approver }: Wish, id: string): Promise<void> {
    const operation: PaymentOperation =
      approver === 'approves'
        ? { kind: 'approve', fingerprint: null }
        : { kind: 'deny', reason: null };
    const name = operation.kind;
    await this.operate(
      this.world.person('approver', 'approver'),
      id,
      name,
      `${name}-${id}`,
      operation,
    );
  }

  private async goOn({ then, amount }: Wish, buyer: Buyer, id: string): Promise<void> {
    const { principal, mandate } = buyer;
    const activeMandates = [mandate];
    const capture = (amountMinor: number | null) =>
      this.operate(principal, id, 'capture', `capture-${id}`, {
        kind: 'capture',
        amountMinor,
        activeMandates,
      });
    const refund = (key: string, amountMinor: number | null) =>
      this.operate(principal, id, 'refunds', key, { kind: 'refund', amountMinor, reason: 'r' });
    if (then === 'capture' || then.startsWith('refund')) await capture(null);
    if (then === 'capture_part') await capture(Math.ceil(amount / 2));
    if (then === 'cancel')
      await this.operate(principal, id, 'cancel', `cancel-${id}`, { kind: 'cancel' });
    if (then === 'refund') await refund(`refund-${id}`, null);
    if (then === 'refund_twice') {
      const part = Math.ceil(amount * 0.6);
      await Promise.all([refund(`refund-1-${id}`, part), refund(`refund-2-${id}`, part)]);
    }
  }

  private async operate(
    principal: Buyer['principal'],
    id: string,
    name: string,
    key: string,
    operation: PaymentOperation,
  ): Promise<void> {
    const { world } = this;
    const path = `/v1/payment_intents/${id}/${name}`;
    const call = world.call(principal, path, key, { kind: operation.kind });
    const answer = await world.insist(
      () =>
        world.ask('commands.payment_intent.operate', {
          ...call,
          id,
          operation,
          waitMs: world.kernel.prng.pick([0, 5_000]),
        }),
      isConclusion,
    );
    if (answer.status < 300) this.told.push({ key: `${principal.id} ${key}`, path, answer });
  }

  /** Once the world has healed, an operator has everything tried again that was parked. */
  private async lookAgain(): Promise<void> {
    const { world } = this;
    const operator = world.person('operator', 'op');
    for (const id of new Set(world.parked)) {
      const call = world.call(operator, `/v1/parked/${id}/retry`, 'again', {});
      await world.insist(
        () => world.ask('commands.parked.retry', { ...call, id }),
        ({ status }) => status < 500,
      );
    }
  }

  private async turnOff(buyers: readonly [Buyer, Buyer], team: string | null): Promise<void> {
    const { world } = this;
    const { killSwitch } = world.scenario;
    if (!killSwitch) return;
    const operator = world.person('operator', 'op');
    const call = (path: string) => world.call(operator, path, 'switch', {});
    const [{ principal, mandate: own }] = buyers;
    const mandate = killSwitch.what === 'team' && team !== null ? team : own;
    await world.insist(
      () =>
        killSwitch.what === 'agent'
          ? world.ask('commands.agent.suspend', {
              ...call(`/v1/agents/${principal.id}/suspend`),
              agent: principal.id,
            })
          : world.ask('commands.mandate.revoke', {
              ...call(`/v1/mandates/${mandate}/revoke`),
              mandate,
            }),
      ({ status }) => status === 200,
    );
    const stopped = mandate === team ? buyers : buyers.slice(0, 1);
    const agents = stopped.map((buyer) => buyer.principal.id);
    this.switched = { atMs: world.kernel.nowMs, agents };
  }
}

function resourceOf({ body }: Answer): Resource {
  return JSON.parse(body) as Resource;
}

/** Neither "not yet" nor "ask again". */
function isConclusion({ status, body }: Answer): boolean {
  if (status === 202) return false;
  if (status !== 503) return true;
  return (JSON.parse(body) as Resource).code === 'no_processor_available';
}
