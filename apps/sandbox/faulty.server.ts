import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Random, Timers } from '#platform';
import { NO_FAULTS, planCall, type CallKind, type CallPlan, type Faults } from './faults.js';
import { answer, answerToError, readJson, Refusal, send, type Answer } from './json-http.js';
import { Listener } from './listener.js';

export interface Incoming {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** What a request means, and how exposed it is. Both functions may throw a `Refusal`. */
export interface Call {
  kind: CallKind;
  /** Runs when the call arrives; gives the work that runs when the latency is over. */
  begin: () => () => Answer;
  /** A failure in the words of the interface, where it has its own. */
  failure?: Answer;
  /** Told when the call was executed and a failure is sent in place of the outcome. */
  failed?: (failure: Answer) => void;
}

const LOST: Answer = answer(500, {
  error: { type: 'api_error', code: 'internal', message: 'Something went wrong.' },
});

/** An HTTP interface on a port of its own whose answers can be delayed, lost and refused. */
export class FaultyServer {
  private readonly listener: Listener;
  /** Connections with a call that will never be answered. */
  private readonly hanging = new Set<Socket>();
  /** Ends the waits for latency that are under way. */
  private readonly latencies = new Set<() => void>();
  private currentFaults = NO_FAULTS;
  private switching: Promise<void> = Promise.resolve();

  constructor(
    private readonly callOf: (incoming: Incoming) => Call,
    host: string,
    private readonly timers: Timers,
    private readonly random: Random,
    private readonly readBody: (request: IncomingMessage) => Promise<unknown> = readJson,
  ) {
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
    const { method = 'GET', headers } = request;
    const body = await this.readBody(request);
    const call = this.callOf({ method, path, query: new URLSearchParams(query), headers, body });
    const plan = planCall(this.currentFaults, call.kind, () => this.dice());
    if (plan.before === 'hang') return undefined;
    const { failure = LOST } = call;
    if (plan.before === 'error') return this.delayed(plan, () => failure);
    const result = await this.delayed(plan, refusing(call.begin()));
    if (plan.after === 'hang') return undefined;
    if (plan.after !== 'error') return result;
    call.failed?.(failure);
    return failure;
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

/** A refusal is an answer like any other, and can be lost like one. */
const refusing = (work: () => Answer) => (): Answer => {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return answerToError(error);
    throw error;
  }
};
