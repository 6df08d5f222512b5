import { parentPort, workerData } from 'node:worker_threads';
import { VaultFile } from './vault.file.js';
import type { VaultAnswer, VaultQuestion } from './vault.thread.js';

/** The thread that has the vault's file open. It sees ciphertexts only. */
if (!parentPort) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { path } = workerData as { path: string };

const file = new VaultFile(path);
port.postMessage('ready');
port.on('message', (message: VaultQuestion | 'close') => {
  if (message === 'close') {
    file.close();
    port.close();
    return;
  }
  const { id, operation, values } = message;
  port.postMessage({ id, ...answerTo(operation, values) } satisfies VaultAnswer);
});

function answerTo(operation: VaultQuestion['operation'], values: readonly unknown[]) {
  try {
    const work = file[operation] as (...values: readonly unknown[]) => unknown;
    return { value: work.apply(file, [...values]) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
