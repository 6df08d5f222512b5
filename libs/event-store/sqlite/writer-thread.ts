import type { Worker } from 'node:worker_threads';
import { startWorker } from '#sqlite';
import { type LogOutcome, type LogWrite, unavailable } from './log.write.js';

type Answer = 'ready' | LogOutcome[];

/**
 * The writer's thread as seen from the store: takes one batch at a time and always answers, also when the thread dies.
 * A dead thread is replaced when the next batch comes.
 */
export class WriterThread {
  private running: Promise<Worker> | undefined;
  private onAnswer: ((answer: Answer) => void) | undefined;
  private onDeath: ((cause: unknown) => void) | undefined;

  constructor(
    private readonly path: string,
    private readonly startThread = startWorker,
  ) {}

  /** @throws Error with what keeps the thread from opening the file */
  async start(): Promise<void> {
    await this.worker();
  }

  async commit(writes: readonly LogWrite[], recordedAtMs: number): Promise<LogOutcome[]> {
    let worker: Worker;
    try {
      worker = await this.worker();
    } catch (error) {
      return writes.map(() => unavailable('not_applied', error));
    }
    try {
      return (await this.ask(worker, { writes, recordedAtMs })) as LogOutcome[];
    } catch (error) {
      return writes.map(() => unavailable('unknown', error));
    }
  }

  async close(): Promise<void> {
    const worker = await this.running?.catch(() => undefined);
    if (!worker) return;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await exited;
  }

  private worker(): Promise<Worker> {
    this.running ??= this.launch().catch((error: unknown) => {
      this.running = undefined;
      throw error;
    });
    return this.running;
  }

  private async launch(): Promise<Worker> {
    const worker = await this.startThread(new URL('./log-writer.worker.js', import.meta.url), {
      path: this.path,
    });
    let cause: unknown;
    worker.on('message', (answer: Answer) => this.onAnswer?.(answer));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      this.running = undefined;
      this.onDeath?.(cause ?? new Error(`the writer's thread ended with code ${code}`));
    });
    await this.answer();
    return worker;
  }

  private ask(worker: Worker, message: unknown): Promise<Answer> {
    const answer = this.answer();
    worker.postMessage(message);
    return answer;
  }

  private answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.onAnswer = resolve;
      this.onDeath = reject;
    });
  }
}
