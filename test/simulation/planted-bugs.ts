import { createHash } from 'node:crypto';
import { type Caused, type ProcessorCall, renderAnswer } from '#contracts';
import type { AuthorityNow, Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import {
  type Appended,
  ConcurrencyError,
  EventStore,
  type Expected,
  type NewEvent,
} from '#event-store';
import { Timers } from '#platform';
import { type PolicyDecision, PolicyEngine, type PolicyInput } from '#policy';
import type { AttemptOrder, Processor } from '#processors';
import { ActorRuntime, type MessageMeta } from '#runtime';
import { Sender } from '../../apps/sagas/sender.js';
import type { Violation } from './checkers.js';
import { run } from './run.js';
import { SimStore } from './sim.store.js';
import {
  ForgetfulSagaStore,
  HastySagaStore,
  authority,
  decisions,
  deliveries,
  messages,
  paymentIds,
  payments,
  processors,
  sagaStore,
  together,
} from './tampering.js';
import type { Sabotage } from './world.js';

/** A mistake that somebody could make, and that the simulation must notice. Nothing of it is in the product. */
export interface PlantedBug {
  readonly name: string;
  readonly plant: () => Sabotage;
}

type AnyOutcome = Outcome | PrepareOutcome | RefundOutcome;

/** What a process makes of the outcome of a call, when it is this mistaken. */
function believing(
  mistake: (call: ProcessorCall, outcome: AnyOutcome) => AnyOutcome,
): () => Sabotage {
  return () =>
    messages(() => ({
      'effects.processors.call': async (call, send) => {
        const answered = await send(call);
        return { ...answered, outcome: mistake(call, answered.outcome) };
      },
    }));
}

const NOT_EXECUTED = { kind: 'not_executed', evidence: 'mistake' } as const;
const FENCED = { kind: 'fenced', evidence: 'mistake' } as const;

/** An authorization whose outcome is unknown for this reason was not executed, it thinks. */
const failingOverOn = (evidences: RegExp): (() => Sabotage) =>
  believing(({ operation }, outcome) =>
    operation === 'authorize' && outcome.kind === 'unknown' && evidences.test(outcome.evidence)
      ? NOT_EXECUTED
      : outcome,
  );

/** A look-up that proves nothing proves that no money will ever move, it thinks. */
const takingForNever = (evidences: RegExp): (() => Sabotage) =>
  believing(({ operation, about }, outcome) =>
    operation === 'look_up' &&
    about === 'authorize' &&
    outcome.kind === 'unknown' &&
    evidences.test(outcome.evidence)
      ? FENCED
      : outcome,
  );

const UNKNOWN: readonly PlantedBug[] = [
  {
    name: 'a time-out at a processor means that nothing happened',
    plant: failingOverOn(/deadline|timeout|aborted/),
  },
  {
    name: 'an error 500 of a processor means that nothing happened',
    plant: failingOverOn(/^http_5|500/),
  },
  { name: '"not found" at a look-up means no', plant: takingForNever(/not_found/) },
  { name: 'an unconfirmed charge at a look-up means no', plant: takingForNever(/unconfirmed/) },
  {
    name: 'a fence that was not answered is believed',
    plant: believing(({ operation }, outcome) =>
      operation === 'fence' && outcome.kind === 'unknown' ? FENCED : outcome,
    ),
  },
  {
    name: 'a fence is recorded without being sent',
    plant: () =>
      messages(() => ({
        'effects.processors.call': async (call, send) =>
          call.operation === 'fence' ? { outcome: FENCED, durationMs: 1 } : send(call),
      })),
  },
  {
    name: '"not executed" of a re-send is taken for proof about the original',
    plant: () =>
      together(
        messages(() => ({
          'effects.processors.call': (call, send) => send({ ...call, resend: false }),
        })),
        decisions((decide, command, state) => {
          const isProof =
            command.type === 'RecordAuthorization' && command.outcome.kind === 'not_executed';
          return decide(isProof ? { ...command, outcome: FENCED } : command, state);
        }),
      ),
  },
  {
    name: 'each life of a process believes that nobody called before it',
    plant: () =>
      together(
        deliveries(() => ({ redelivered: false })),
        { ports: (ports) => ports.set(Sender, new Sender('the only one')) },
      ),
  },
  {
    name: 'whoever takes over does not record it',
    plant: () =>
      messages(() => ({
        'commands.payment_intent.tell': async (told, send) =>
          told.command.type === 'TakeOverAttempt'
            ? { ok: true, code: null, revision: 0 }
            : send(told),
      })),
  },
  {
    name: 'a lost answer of the connector means that nothing happened',
    plant: () =>
      messages(() => ({
        'commands.payment_intent.tell': (told, send) => {
          const { command } = told;
          if (command.type !== 'RecordAuthorization' || command.outcome.kind !== 'unknown')
            return send(told);
          return command.outcome.evidence.startsWith('connector_')
            ? send({ ...told, command: { ...command, outcome: FENCED } })
            : send(told);
        },
      })),
  },
];

/** A change of what one call to the processor is asked for. */
const asking = (processor: Processor, change: (order: AttemptOrder) => AttemptOrder) => {
  const told = <O extends { kind: string }>(order: AttemptOrder, outcome: O): O =>
    'amountMinor' in outcome ? { ...outcome, amountMinor: order.amountMinor } : outcome;
  return {
    prepare: (order: AttemptOrder, signal: AbortSignal) => processor.prepare(change(order), signal),
    authorize: async (order: AttemptOrder, signal: AbortSignal) =>
      told(order, await processor.authorize(change(order), signal)),
    capture: async (order: AttemptOrder, signal: AbortSignal) =>
      told(order, await processor.capture(change(order), signal)),
  };
};

interface Posting {
  post(path: string, key: string, body: object, signal: AbortSignal): Promise<unknown>;
}

const postingUnder = (processor: Processor, rename: (key: string, path: string) => string) => {
  const posting = processor as unknown as Posting;
  return {
    post: (path: string, key: string, body: object, signal: AbortSignal) =>
      posting.post(path, rename(key, path), body, signal),
  };
};

const PROCESSORS: readonly PlantedBug[] = [
  {
    name: 'a repeated call has another idempotency key',
    plant: () => {
      let sent = 0;
      return processors((processor) =>
        postingUnder(processor, (key) => {
          sent += 1;
          return `${key}.${sent}`;
        }),
      );
    },
  },
  {
    name: 'idempotency keys change with a restart',
    plant: () => {
      let lives = 0;
      return processors((processor) => {
        lives += 1;
        const life = lives;
        return postingUnder(processor, (key) => `${key}.${life}`);
      });
    },
  },
  {
    name: 'a refund that is sent again is another refund',
    plant: () => {
      let sent = 0;
      return processors((processor) =>
        postingUnder(processor, (key, path) => {
          if (!path.endsWith('/refunds')) return key;
          sent += 1;
          return `${key}.${sent}`;
        }),
      );
    },
  },
  {
    name: 'amounts are rounded on their way to a processor',
    plant: () =>
      processors((processor) =>
        asking(processor, (order) => {
          const amountMinor = Math.max(Math.round(order.amountMinor / 1_000) * 1_000, 1_000);
          return { ...order, amountMinor };
        }),
      ),
  },
  {
    name: 'a capture takes all that is held, whatever was asked for',
    plant: () => {
      const held = new Map<string, number>();
      return processors((processor) => ({
        authorize: (order: AttemptOrder, signal: AbortSignal) => {
          held.set(order.key, order.amountMinor);
          return processor.authorize(order, signal);
        },
        capture: async (order: AttemptOrder, signal: AbortSignal) => {
          const amountMinor = held.get(order.key) ?? order.amountMinor;
          const outcome = await processor.capture({ ...order, amountMinor }, signal);
          return 'amountMinor' in outcome
            ? { ...outcome, amountMinor: order.amountMinor }
            : outcome;
        },
      }));
    },
  },
  {
    name: 'what is held is never let go, only recorded so',
    plant: () =>
      processors(() => ({
        void: ({ reference = '', amountMinor, currency }: AttemptOrder): Promise<Outcome> =>
          Promise.resolve({ kind: 'succeeded', reference, amountMinor, currency }),
      })),
  },
];

class UnflushedStore extends SimStore {
  override append(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    void super.append(stream, expected, events).catch(() => undefined);
    const head = typeof expected === 'number' ? expected : -1;
    return Promise.resolve({ lastRevision: head + events.length, lastPosition: 0 });
  }
}

class AnyRevisionStore extends SimStore {
  protected override write(stream: string, _expected: Expected, events: readonly NewEvent[]) {
    return super.write(stream, 'any', events);
  }
}

class RereadingStore extends SimStore {
  protected override async write(stream: string, expected: Expected, events: readonly NewEvent[]) {
    try {
      return await super.write(stream, expected, events);
    } catch (error) {
      if (!(error instanceof ConcurrencyError)) throw error;
      const [last] = await this.shared.readStream(stream, { direction: 'backward', limit: 1 });
      return super.write(stream, last?.revision ?? 'no_stream', events);
    }
  }
}

/** Ids from the command and the number of the event only, as if two processes always decided alike. */
class PlainIdStore extends SimStore {
  override append(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    const counts = new Map<string, number>();
    const renamed = events.map((event) => {
      const command = String(event.metadata['commandId']);
      const index = counts.get(command) ?? 0;
      counts.set(command, index + 1);
      return { ...event, id: uuidOf(`${command}/${index}`) };
    });
    return super.append(stream, expected, renamed);
  }
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join('-');
}

const STORE: readonly PlantedBug[] = [
  {
    name: 'an append is acknowledged before it is durable',
    plant: () => ({ store: (...given) => new UnflushedStore(...given) }),
  },
  {
    name: 'events are appended at any revision',
    plant: () => ({ store: (...given) => new AnyRevisionStore(...given) }),
  },
  {
    name: 'a lost race is appended at the length read again',
    plant: () => ({ store: (...given) => new RereadingStore(...given) }),
  },
  {
    name: 'event ids do not depend on the content: another decision is taken for the own one',
    plant: () => ({
      store: (...given) => new PlainIdStore(...given),
      ports: (ports) => {
        const actors = new ActorRuntime(
          ports.get(EventStore) as EventStore,
          ports.get(Timers) as Timers,
        );
        const tell = actors.tell.bind(actors);
        const marked: typeof tell = (definition, id, command, meta: MessageMeta) => {
          const extra = { ...meta.extra, commandId: meta.commandId };
          return tell(definition, id, command, { ...meta, extra });
        };
        ports.set(ActorRuntime, Object.assign(actors, { tell: marked }));
      },
    }),
  },
];

/** How long one key is remembered by a product that forgets keys. */
const KEY_MEMORY_MS = 2_000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const CALLERS: readonly PlantedBug[] = [
  {
    name: 'idempotency keys of callers expire',
    plant: () =>
      paymentIds((id, nowMs) => {
        const age = Math.floor(nowMs / KEY_MEMORY_MS) % LETTERS.length;
        return `${id.slice(0, -1)}${LETTERS.charAt(age)}`;
      }),
  },
  {
    name: 'an answer that is repeated is rendered anew instead of replayed',
    plant: () =>
      payments(({ evolve }) => ({
        evolve: (state, event) => {
          const next = evolve(state, event);
          return next.answer === null ? next : { ...next, answer: renderAnswer(next) };
        },
      })),
  },
  {
    name: 'a purchase that was made is not recognised under another key',
    plant: () =>
      messages(() => ({
        'commands.purchase.claim': () =>
          Promise.resolve({ claimed: true, code: null, earlier: [] }),
      })),
  },
  {
    name: 'what the policy denies goes on',
    plant: () => ({
      ports: (ports) => {
        const policy = ports.get(PolicyEngine) as PolicyEngine;
        const decide = (input: PolicyInput): PolicyDecision => {
          const decided = policy.decide(input);
          return decided.decision === 'deny' ? { ...decided, decision: 'allow' } : decided;
        };
        ports.set(PolicyEngine, { bundle: policy.bundle, decide });
      },
    }),
  },
  {
    name: 'a human who is to be asked is not',
    plant: () =>
      decisions((decide, command, state) =>
        decide(command.type === 'JudgePayment' ? { ...command, reasons: [] } : command, state),
      ),
  },
  {
    name: 'an approval that was denied counts as given',
    plant: () =>
      decisions((decide, command, state) =>
        decide(
          command.type === 'DenyPayment'
            ? { ...command, type: 'ApprovePayment', fingerprint: null }
            : command,
          state,
        ),
      ),
  },
  {
    name: 'refunds do not know of each other',
    plant: () =>
      decisions((decide, command, state) =>
        decide(command, command.type === 'RefundPayment' ? { ...state, refunds: [] } : state),
      ),
  },
  {
    name: 'the kill switch is asked for once and its answer kept',
    plant: () =>
      authority((now) => {
        const known = new Map<string, AuthorityNow>();
        return async (payer, cause) => {
          const key = `${payer.agent} ${payer.mandate}`;
          const kept = known.get(key) ?? (await now(payer, cause));
          known.set(key, kept);
          return kept;
        };
      }),
  },
  {
    name: 'the kill switch is not asked for at a failover',
    plant: () =>
      authority(
        (now) => async (payer, cause) =>
          cause.commandId.endsWith('/route') ? 'active' : now(payer, cause),
      ),
  },
];

const undone = (cause: Caused): Caused => ({ ...cause, commandId: `${cause.commandId}/undone` });

const SAGAS: readonly PlantedBug[] = [
  {
    name: 'the budget is not reserved, only booked after the charge',
    plant: () =>
      messages(() => ({
        'commands.mandate.reserve': () =>
          Promise.resolve({ decision: 'reserved', code: null, checks: [] }),
      })),
  },
  {
    name: 'only the lowest mandate is asked, not those above it',
    plant: () =>
      messages(() => ({
        'commands.mandate.reserve': async (asked, send) => {
          const reply = await send(asked);
          const above = reply.checks.some(
            ({ rule, result }) => rule.startsWith('parent.') && result === 'failed',
          );
          const below = reply.checks.some(
            ({ rule, result }) => !rule.startsWith('parent.') && result === 'failed',
          );
          return above && !below ? { ...reply, decision: 'reserved', code: null } : reply;
        },
      })),
  },
  {
    name: 'the budget is released while the outcome is unknown',
    plant: () =>
      messages((bus) => {
        const mandates = new Map<string, string>();
        return {
          'commands.mandate.reserve': (asked, send) => {
            mandates.set(asked.intent, asked.mandate);
            return send(asked);
          },
          'commands.payment_intent.tell': async (told, send) => {
            const reply = await send(told);
            const { id: intent, command } = told;
            const mandate = mandates.get(intent);
            const isUnknown = 'outcome' in command && command.outcome.kind === 'unknown';
            if (isUnknown && mandate !== undefined)
              await bus.request('commands.mandate.settle', {
                ...undone(told),
                ...{ mandate, intent, spentMinor: 0 },
              });
            return reply;
          },
        };
      }),
  },
  {
    name: 'the purchase is freed while the outcome is unknown',
    plant: () =>
      messages((bus) => {
        const purchases = new Map<string, string>();
        return {
          'commands.purchase.claim': (asked, send) => {
            purchases.set(asked.intent, asked.purchase);
            return send(asked);
          },
          'commands.payment_intent.tell': async (told, send) => {
            const reply = await send(told);
            const { id: intent, command } = told;
            const purchase = purchases.get(intent);
            const isUnknown = 'outcome' in command && command.outcome.kind === 'unknown';
            if (isUnknown && purchase !== undefined)
              await bus.request('commands.purchase.free', { ...undone(told), purchase, intent });
            return reply;
          },
        };
      }),
  },
  {
    name: 'the budget of a payment that failed is never released',
    plant: () =>
      messages(() => ({
        'commands.mandate.settle': (asked, send) =>
          asked.spentMinor === 0 ? Promise.resolve({ ok: true }) : send(asked),
      })),
  },
  {
    name: 'a step of a saga that fails is logged and acknowledged',
    plant: () => deliveries((delivery) => ({ refuse: () => delivery.acknowledge() })),
  },
  {
    name: 'a delivery is acknowledged before its work is done',
    plant: () => deliveries((delivery) => delivery.acknowledge()),
  },
  {
    name: 'the checkpoint is the furthest position, not the lowest open one',
    plant: () => sagaStore((disk) => new HastySagaStore(disk)),
  },
  {
    name: 'timers are kept in memory only',
    plant: () => sagaStore((disk) => new ForgetfulSagaStore(disk)),
  },
  {
    name: 'what was reserved at the merchant is never released',
    plant: () =>
      messages(() => ({
        'effects.reservations.call': async (asked, send) =>
          asked.operation === 'release'
            ? { outcome: { kind: 'done', reference: asked.call.reference ?? '' }, durationMs: 1 }
            : send(asked),
      })),
  },
  {
    name: 'what was reserved is never confirmed, only recorded so',
    plant: () =>
      messages(() => ({
        'effects.reservations.call': async (asked, send) =>
          asked.operation === 'confirm'
            ? { outcome: { kind: 'done', reference: asked.call.reference ?? '' }, durationMs: 1 }
            : send(asked),
      })),
  },
];

const BOOKS: readonly PlantedBug[] = [
  {
    name: 'a processor is called before the attempt is recorded',
    plant: () =>
      messages((bus) => ({
        'commands.mandate.reserve': async (asked, send) => {
          const { intent, amountMinor, currency } = asked;
          const order = {
            ...{ processor: 'sandbox_b', key: `${intent}-1`, amountMinor, currency },
            ...{ paymentMethod: 'pm_sandbox_visa', reference: null },
            keySafeUntil: '2031-01-01T00:00:00Z',
          };
          const call = { intent, number: 1, operation: 'authorize', about: 'authorize' } as const;
          const sent = { ...call, refund: null, resend: false, order, cause: undone(asked) };
          await bus.request('effects.processors.call', sent);
          return send(asked);
        },
      })),
  },
  {
    name: 'a late answer reopens a payment that is over',
    plant: () =>
      decisions((decide, command, state) => {
        if (command.type !== 'RecordAuthorization' || state.concludedAt === null)
          return decide(command, state);
        const { number } = command;
        const keySafeUntilMs = Number.MAX_SAFE_INTEGER;
        const asked = { operation: 'authorize', number, keySafeUntilMs } as const;
        const pending = {
          ...asked,
          unknown: true,
          takenOver: true,
          ...{ probes: 0, acceptedAtMs: null, action: null, parked: null },
        };
        return decide(command, { ...state, status: 'processing', concludedAt: null, pending });
      }),
  },
  {
    name: 'the posting of a capture is lost',
    plant: () =>
      decisions((decide, command, state) => {
        const decision = decide(command, state);
        if (!decision.ok) return decision;
        const events = decision.events.filter(
          ({ type, data }) => type !== 'LedgerPosted' || data.cause !== 'PaymentCaptured',
        );
        return { ...decision, events };
      }),
  },
  {
    name: 'a refund is posted on one side only',
    plant: () =>
      decisions((decide, command, state) => {
        const decision = decide(command, state);
        if (!decision.ok || command.type !== 'RecordRefund') return decision;
        const events = decision.events.map((event) =>
          event.type === 'LedgerPosted'
            ? { ...event, data: { ...event.data, postings: event.data.postings.slice(0, 1) } }
            : event,
        );
        return { ...decision, events };
      }),
  },
];

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...UNKNOWN,
  ...PROCESSORS,
  ...STORE,
  ...CALLERS,
  ...SAGAS,
  ...BOOKS,
];

/** A bug that goes unnoticed for so many seeds is a hole in the tests. */
export const SEEDS_MAX = 2_000;

/** Which rule noticed a bug, and where. */
export interface Caught extends Violation {
  readonly seed: number;
}

/** The first seed from `from` on at which a rule is broken; null when none of `seeds` is. */
export async function hunt(
  { plant }: PlantedBug,
  { from = 1, seeds }: { from?: number; seeds: number },
): Promise<Caught | null> {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const [violation] = (await run(seed, { sabotage: plant() })).violations;
    if (violation) return { ...violation, seed };
  }
  return null;
}
