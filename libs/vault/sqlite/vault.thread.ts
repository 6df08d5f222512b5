import type { Worker } from 'node:worker_threads';
import { startWorker } from '#sqlite';
import { VaultUnavailableError } from '../vault.port.js';
import type { VaultFile } from './vault.file.js';

type Operation = Exclude<keyof VaultFile, 'close'>;

export interface VaultQuestion {
  id: number;
  operation: Operation;
  values: readonly unknown[];
}

export type VaultAnswer = { id: number } & ({ value: unknown } | { error: string });

interface Asked {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** The thread of the vault's file, as seen from outside. One that died is replaced when the next question comes. */
export class VaultThread {
  private running: Promise<Worker> | undefined;
  private readonly asked = new Map<number, Asked>();
  private lastId = 0;

  constructor(private readonly path: string) {}

  /** @throws VaultUnavailableError */
  async ask<Name extends Operation>(
    operation: Name,
    ...values: Parameters<VaultFile[Name]>
  ): Promise<ReturnType<VaultFile[Name]>> {
    const worker = await this.worker();
    const id = ++this.lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
    });
    worker.postMessage({ id, operation, values } satisfies VaultQuestion);
    return (await answer) as ReturnType<VaultFile[Name]>;
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
    const entry = new URL('./vault-file.worker.js', import.meta.url);
    const worker = await startWorker(entry, { path: this.path });
    await new Promise<void>((resolve, reject) => {
      let cause: unknown;
      worker.on('message', (message: VaultAnswer | 'ready') =>
        message === 'ready' ? resolve() : this.answered(message),
      );
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', () => {
        this.running = undefined;
        const detail = cause instanceof Error ? cause.message : 'its thread ended';
        const error = unavailable(detail, cause);
        reject(error);
        for (const { reject: fail } of this.asked.values()) fail(error);
        this.asked.clear();
      });
    });
    return worker;
  }

  private answered(answer: VaultAnswer): void {
    const asked = this.asked.get(answer.id);
    this.asked.delete(answer.id);
    if ('value' in answer) asked?.resolve(answer.value);
    else asked?.reject(unavailable(answer.error));
  }
}

function unavailable(detail: string, cause?: unknown): VaultUnavailableError {
  return new VaultUnavailableError(`the vault's file cannot be used: ${detail}`, { cause });
}
