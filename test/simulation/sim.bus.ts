import { Bus, BusError, type RequestOptions } from '#bus';
import type { Messages } from '#contracts';
import type { Faults } from './faults.js';
import type { Kernel, Life } from './kernel.js';

type Handler = (payload: unknown) => unknown;

interface Responder {
  life: Life;
  handler: Handler;
}

/** Which processes answer to what. */
export class Exchange {
  private readonly responders = new Map<string, Responder[]>();

  respond(subject: string, life: Life, handler: Handler): void {
    const listed = this.responders.get(subject) ?? [];
    this.responders.set(subject, [...listed.filter((each) => each.life.alive), { life, handler }]);
  }

  alive(subject: string): Responder[] {
    return (this.responders.get(subject) ?? []).filter(({ life }) => life.alive);
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Request and reply. Within one process it is the plain thing; between processes a message may get lost on either way, come
 * twice, and overtake others; whoever answers may die before it does.
 */
export class SimBus extends Bus<Messages> {
  constructor(
    private readonly kernel: Kernel,
    private readonly life: Life,
    private readonly exchange: Exchange,
    private readonly faults: Faults,
    /** Whether it asks whoever listens, or only its own process. */
    private readonly scattered: boolean,
  ) {
    super();
  }

  request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    { timeoutMs = DEFAULT_TIMEOUT_MS }: RequestOptions = {},
  ): Promise<Messages[Subject]['reply']> {
    const { kernel, life, faults } = this;
    return new Promise((resolve, reject) => {
      const candidates = this.exchange
        .alive(subject)
        .filter((each) => this.scattered || each.life === life);
      if (candidates.length === 0) {
        kernel.schedule(0, `nobody answers ${subject}`, life, () =>
          reject(new BusError('no_responder', subject, '')),
        );
        return;
      }
      const cancel = kernel.schedule(timeoutMs, `timeout of ${subject}`, life, () =>
        reject(new BusError('timeout', subject, '')),
      );
      const back = (label: string, settle: () => void) => {
        if (this.isLossy() && faults.strikes('replyLost')) return;
        kernel.schedule(this.hopMs(), `${label} ${subject}`, life, () => {
          cancel();
          settle();
        });
      };
      const deliver = ({ life: at, handler }: Responder) =>
        kernel.schedule(this.hopMs(), `ask ${subject}`, at, () => {
          void answerOf(handler, payload).then(
            (reply) => at.alive && back('reply', () => resolve(copy(reply) as never)),
            (error: Error) =>
              at.alive &&
              back('error', () =>
                reject(new BusError('failed', subject, error.message, error.name)),
              ),
          );
        });
      const to = kernel.prng.pick(candidates);
      if (this.isLossy() && faults.strikes('requestLost')) return;
      deliver(to);
      // Effects rely on what the port promises: at most once. Commands and queries have to bear more than that.
      if (this.isLossy() && !subject.startsWith('effects.') && faults.strikes('delivered_twice'))
        deliver(kernel.prng.pick(candidates));
    });
  }

  private isLossy(): boolean {
    return this.scattered;
  }

  private hopMs(): number {
    return this.scattered ? this.faults.delayMs('bus') : 0;
  }
}

async function answerOf(handler: Handler, payload: unknown): Promise<unknown> {
  return handler(copy(payload));
}

/** As it would arrive over a wire. */
function copy(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
