import type { Timers } from '#platform';
import { Bus, BusError, type MessageMap, type RequestOptions } from '../bus.port.js';

type Responder = (payload: unknown) => Promise<unknown>;

/** The bus of the embedded form: the same JSON, without a wire. */
export class InProcessBus<Messages extends MessageMap = MessageMap> extends Bus<Messages> {
  private readonly responders = new Map<string, Responder>();

  constructor(private readonly timers: Timers) {
    super();
  }

  /** One responder per subject; the last one to register answers. */
  respond(subject: string, responder: Responder): void {
    this.responders.set(subject, responder);
  }

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    { timeoutMs = 30_000 }: RequestOptions = {},
  ): Promise<Messages[Subject]['reply']> {
    const responder = this.responders.get(subject);
    if (!responder) throw new BusError('no_responder', subject, '');
    const asked = throughJson(subject, payload);
    const reply = await this.within(timeoutMs, subject, responder(asked));
    return throughJson(subject, reply) as Messages[Subject]['reply'];
  }

  private within(timeoutMs: number, subject: string, reply: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.timers.after(timeoutMs, () =>
        reject(new BusError('timeout', subject, '')),
      );
      reply.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(BusError.failed(subject, error));
        },
      );
    });
  }
}

function throughJson(subject: string, value: unknown): unknown {
  try {
    return value === undefined ? null : JSON.parse(JSON.stringify(value));
  } catch (error) {
    throw BusError.failed(subject, error);
  }
}
