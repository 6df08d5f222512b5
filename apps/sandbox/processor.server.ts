import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Random, Timers } from '#platform';
import { Books } from './books.js';
import { NO_FAULTS, planCall, type CallPlan, type Faults } from './faults.js';
import { IdempotencyKeys, idempotencyKeyOf } from './idempotency.js';
import { answer, answerToError, readJson, Refusal, send, type Answer } from './json-http.js';
import { Listener } from './listener.js';
import { routeOf, type Flow, type Route } from './processor.routes.js';

const LOST: Answer = answer(500, {
  error: { type: 'api_error', code: 'internal', message: 'Something went wrong.' },
});

/** One simulated processor on a port of its own: routes, books, remembered keys and faults. */
export class ProcessorServer {
  readonly books: Books;
  private readonly keys = new IdempotencyKeys();
  private readonly listener: Listener;
  /** Connections with a call that will never be answered. */
  private readonly hanging = new Set<Socket>();
  /** Ends the waits for latency that are under way. */
  private readonly latencies = new Set<() => void>();
  private currentFaults = NO_FAULTS;
  private switching: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly flow: Flow,
    host: string,
    private readonly timers: Timers,
    private readonly random: Random,
  ) {
    this.books = new Books(name, () => `${flow === 'two_step' ? 'ch' : 'au'}_${random.uuid()}`);
    this.listener = new Listener(
      (request, response) => void this.serve(request, response),
      host,
      timers,
    );
  }

  get url(): string {
    return this.listener.url;
  }

  get faults(): Faults {
    return this.currentFaults;
  }

  start(port: number): Promise<number> {
    return this.listener.listen(port);
  }

  /** Resolves when the faults are in effect; calls that hang from an earlier fault are cut off. */
  setFaults(faults: Faults): Promise<void> {
    this.switching = this.switching
      .catch(() => undefined)
      .then(async () => {
        this.currentFaults = faults;
        for (const socket of this.hanging) socket.destroy();
        await (faults.mode === 'refuse' ? this.listener.close() : this.listener.reopen());
      });
    return this.switching;
  }

  async stop(): Promise<void> {
    await this.switching.catch(() => undefined);
    for (const cancel of this.latencies) cancel();
    await this.listener.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: Answer | undefined;
    try {
      result = await this.answer(request);
    } catch (error) {
      result = answerToError(error);
    }
    if (result) send(response, result);
    else this.hang(request.socket);
  }

  /** The answer, or `undefined` when the caller never gets one. */
  private async answer(request: IncomingMessage): Promise<Answer | undefined> {
    if (this.currentFaults.mode === 'blackhole') return undefined;
    const [path = '', query] = (request.url ?? '').split('?');
    const method = request.method ?? 'GET';
    const body = await readJson(request);
    const route = routeOf(this.flow, this.books, {
      method,
      path,
      query: new URLSearchParams(query),
    });
    const plan = planCall(this.currentFaults, route.kind, () => this.dice());
    if (plan.before === 'hang') return undefined;
    if (plan.before === 'error') return this.delayed(plan, () => LOST);
    const result = await this.execute(route, plan, request, body);
    if (plan.after === 'hang') return undefined;
    return plan.after === 'error' ? LOST : result;
  }

  private execute(
    route: Route,
    plan: CallPlan,
    request: IncomingMessage,
    body: unknown,
  ): Promise<Answer> {
    if ('read' in route) return this.delayed(plan, route.read);
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    const { fingerprint, execute } = route.prepare(body);
    const stored = this.keys.begin(key, fingerprint);
    if (stored) return this.delayed(plan, () => stored);
    return this.delayed(plan, () => {
      try {
        const result = execute(key);
        this.keys.finish(key, result);
        return result;
      } catch (error) {
        this.keys.abandon(key);
        if (error instanceof Refusal) return answerToError(error);
        throw error;
      }
    });
  }

  /** Does the work when the latency is over, whether or not the caller still waits for it. */
  private delayed(plan: CallPlan, work: () => Answer): Promise<Answer> {
    if (plan.latencyMs === 0) return Promise.resolve().then(work);
    return new Promise((resolve, reject) => {
      const cancel = this.timers.after(plan.latencyMs, () => {
        this.latencies.delete(cancel);
        try {
          resolve(work());
        } catch (error) {
          reject(error as Error);
        }
      });
      this.latencies.add(cancel);
    });
  }

  private hang(socket: Socket): void {
    if (socket.destroyed) return;
    this.hanging.add(socket);
    socket.once('close', () => this.hanging.delete(socket));
  }

  private dice(): number {
    return this.random.bytes(4).readUInt32BE() / 2 ** 32;
  }
}
