import { EventBus } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { PaymentOperation } from '#contracts';
import { EventStore, type RecordedEvent } from '#event-store';
import { Clock, Timers, Trouble } from '#platform';
import { ProcessorRegistry } from '#processors';
import type { SagaRuntime, SagaStore } from '#runtime';
import { answer } from '../../apps/sandbox/json-http.js';
import { LogFeeds } from '../../apps/sagas/log-feeds.js';
import { NO_FAULTS } from './faults.js';
import type { Scenario, Wish } from './scenario.js';
import type { World } from './world.js';

/** How a processor answers a call: with an error before it did anything, or after it did everything. */
type Failing = 'before' | 'after' | null;

/** One purchase that goes one way, the same each time, until a crash is added. */
export interface Flow {
  readonly name: string;
  readonly wish: Partial<Wish>;
  /** How every payment ends, in the words of `play`. */
  readonly ends: readonly string[];
  /** What the log holds when the flow goes the way it is named for. */
  readonly passes: readonly string[];
  /** Other ends that a crash may bring about by delaying one event until another one is recorded. */
  readonly alsoEnds?: {
    readonly ends: readonly (readonly string[])[];
    readonly unless: string;
    readonly before: string;
  };
  /** Whether money moves, or might: these are crashed twice. */
  readonly movesMoney: boolean;
  readonly preferred?: 'one_step';
  readonly down?: string;
  readonly failing?: (processor: string, path: string) => Failing;
  readonly cancelsWhenUnknown?: true;
  /** Each acknowledgement is stored at once, so that only what is still open comes again; else whatever is recent does. */
  readonly eagerCheckpoints?: true;
}

const CONFIRM = /\/confirm$/;
const SUCCEEDED_A = 'succeeded: 1000 taken, 0 back, sandbox_a captured';
const SUCCEEDED_B = 'succeeded: 1000 taken, 0 back, sandbox_b captured';

const CANONICAL: readonly Flow[] = [
  {
    name: 'success, two steps',
    wish: {},
    ends: [SUCCEEDED_A],
    passes: ['AttemptPrepared', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'success, one step',
    wish: {},
    preferred: 'one_step',
    ends: [SUCCEEDED_B],
    passes: ['PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'hard decline',
    wish: { token: 'pm_sandbox_stolen' },
    ends: ['failed: payment_declined, sandbox_a declined'],
    passes: ['AttemptDeclined'],
    movesMoney: false,
  },
  {
    name: 'soft decline, then failover',
    wish: { token: 'pm_sandbox_soft_decline_a' },
    ends: [SUCCEEDED_B],
    passes: ['AttemptDeclined', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'not executed, then failover',
    wish: {},
    down: 'sandbox_a',
    ends: [SUCCEEDED_B],
    passes: ['AttemptNotExecuted', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'unknown, then success, two steps',
    wish: {},
    failing: (_, path) => (CONFIRM.test(path) ? 'after' : null),
    ends: [SUCCEEDED_A],
    passes: ['OutcomeUnknown', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'unknown, then success, one step',
    wish: {},
    preferred: 'one_step',
    failing: (_, path) => (path === '/v1/authorizations' ? 'after' : null),
    ends: [SUCCEEDED_B],
    passes: ['OutcomeUnknown', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'unknown, then fence, then failover',
    wish: {},
    failing: (_, path) => (CONFIRM.test(path) ? 'before' : null),
    ends: [SUCCEEDED_B],
    passes: ['OutcomeUnknown', 'AttemptFenced', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'manual capture in part',
    wish: { manual: true, then: 'capture_part' },
    ends: ['succeeded: 500 taken, 0 back, sandbox_a captured'],
    passes: ['CaptureAwaited', 'CaptureRequested', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'partial refund',
    wish: { then: 'refund_twice' },
    ends: ['succeeded: 1000 taken, 600 back, sandbox_a captured'],
    passes: ['RefundStarted', 'RefundSucceeded'],
    movesMoney: true,
  },
  {
    name: 'cancel while held',
    wish: { manual: true, then: 'cancel' },
    ends: ['canceled: 0 taken, 0 back, sandbox_a voided'],
    passes: ['CancelRequested', 'VoidStarted', 'AuthorizationVoided'],
    movesMoney: true,
  },
  {
    name: 'cancel while unknown',
    wish: {},
    failing: (_, path) => (CONFIRM.test(path) ? 'after' : null),
    cancelsWhenUnknown: true,
    ends: ['canceled: 0 taken, 0 back, sandbox_a voided'],
    passes: ['OutcomeUnknown', 'CancelRequested', 'AuthorizationVoided'],
    // Whoever asks a process that dies may ask again too late: when the money is on its way, or was taken.
    alsoEnds: {
      ends: [[SUCCEEDED_A], ['canceled: 1000 taken, 1000 back, sandbox_a captured']],
      unless: 'CancelRequested',
      before: 'CaptureStarted',
    },
    movesMoney: true,
  },
  {
    name: 'approval granted',
    wish: { mcc: '6011', approver: 'approves' },
    ends: [SUCCEEDED_A],
    passes: ['ApprovalRequested', 'ApprovalGranted', 'PaymentCaptured'],
    movesMoney: true,
  },
  {
    name: 'approval denied',
    wish: { mcc: '6011', approver: 'denies' },
    ends: ['failed: approval_denied'],
    passes: ['ApprovalRequested', 'ApprovalDenied'],
    movesMoney: false,
  },
  {
    name: 'reservation confirmed',
    wish: { reserve: 'B-1' },
    ends: [`${SUCCEEDED_A}, reservation confirmed`],
    passes: ['ReservationMade', 'ReservationConfirmed'],
    movesMoney: true,
  },
  {
    name: 'reservation released on a decline',
    wish: { reserve: 'B-1', token: 'pm_sandbox_stolen' },
    ends: ['failed: payment_declined, sandbox_a declined, reservation released'],
    passes: ['ReservationMade', 'ReservationReleased'],
    movesMoney: false,
  },
  {
    name: 'duplicate refused',
    wish: { again: 'same_agent' },
    ends: ['failed: possible_duplicate', SUCCEEDED_A],
    passes: ['PaymentCaptured', 'PaymentFailed'],
    movesMoney: true,
  },
];

export const FLOWS: readonly Flow[] = CANONICAL.flatMap((flow) => [
  flow,
  { ...flow, name: `${flow.name}, eager checkpoints`, eagerCheckpoints: true },
]);

const HOUR_MS = 3_600_000;
const HEAL_AT_MS = 60_000;
const SEED = 1;

export function scenarioOfFlow({ wish, down }: Flow): Scenario {
  const usual: Wish = {
    name: 'w0',
    atMs: 0,
    amount: 1_000,
    token: 'pm_sandbox_visa',
    mcc: '5942',
    manual: false,
    reserve: null,
    then: 'nothing',
    approver: 'approves',
    callers: 1,
    again: 'never',
  };
  return {
    seed: SEED,
    scattered: false,
    faults: NO_FAULTS,
    notices: false,
    crashes: [],
    outages: down ? [{ server: down, fromMs: 0, untilMs: HEAL_AT_MS }] : [],
    wishes: [{ ...usual, ...wish }],
    skewsMs: [0],
    killSwitch: null,
    healAtMs: HEAL_AT_MS,
    keyLifeMs: 24 * HOUR_MS,
    keySafeForMs: 20 * HOUR_MS,
    limitMinor: 100_000,
    teamLimitMinor: null,
    probeAfterMaxMs: 5_000,
  };
}

/** What a flow asks of the world besides its scenario; once for a world. */
export function arrange({ failing, cancelsWhenUnknown }: Flow, world: World): void {
  if (failing) failAs(failing, world);
  if (cancelsWhenUnknown)
    world.observers.push({
      recorded: (event) => {
        if (event.type === 'OutcomeUnknown') void cancel(world, event);
      },
      moneyCalled: () => {},
    });
}

/** What a flow changes about each life of the process. */
export function adapt({ preferred, eagerCheckpoints }: Flow, ports: Map<unknown, unknown>): void {
  if (preferred) {
    const registry = ports.get(ProcessorRegistry) as ProcessorRegistry;
    ports.set(ProcessorRegistry, new ProcessorRegistry(registry.all().toReversed()));
  }
  if (eagerCheckpoints) {
    const given = [EventStore, Clock, Timers, EventBus, Bus, Trouble].map((port) =>
      ports.get(port),
    );
    type Given = ConstructorParameters<typeof LogFeeds>;
    ports.set(LogFeeds, new EagerLogFeeds(...(given as Given)));
  }
}

/** As the product makes them, but for how long acknowledgements wait. */
class EagerLogFeeds extends LogFeeds {
  override over(sagaStore: SagaStore): SagaRuntime {
    return super.over(sagaStore, { checkpointEveryMs: 0 });
  }
}

function failAs(failing: NonNullable<Flow['failing']>, { processors }: World): void {
  const error = answer(500, { error: { type: 'api_error', code: 'internal' } });
  for (const server of processors) {
    const arrive = server.arrive.bind(server);
    server.arrive = (request) => {
      const arrived = arrive(request);
      const failure =
        request.method === 'POST' && failing(server.name, new URL(request.url).pathname);
      if (failure === 'before') return { ...arrived, execute: () => error, store: () => undefined };
      if (failure !== 'after') return arrived;
      const execute = () => {
        arrived.execute();
        return error;
      };
      return { ...arrived, execute };
    };
  }
}

/** A crashed process must be asked again before the run counts as over. */
const ASK_MS = 2_000;

async function cancel(world: World, { stream }: RecordedEvent): Promise<void> {
  const [requested] = await world.shared.readStream(stream);
  const agent = String(requested?.data['agent']);
  const id = stream.replace('payment_intent-', 'pi_');
  const operation: PaymentOperation = { kind: 'cancel' };
  const call = world.call(
    world.person('agent', agent),
    `/v1/payment_intents/${id}/cancel`,
    `cancel-${id}`,
    operation,
  );
  await world.insist(
    () =>
      world.ask('commands.payment_intent.operate', { ...call, id, operation, waitMs: 0 }, ASK_MS),
    ({ status }) => status !== 202 && status !== 503,
  );
}
