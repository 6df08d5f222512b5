import { parentPort, workerData } from 'node:worker_threads';
import { openForWriting } from './log.file.js';
import type { LogWrite } from './log.write.js';
import { LogWriter } from './log-writer.js';

/** The thread that owns the only writing connection. An error here ends the thread; the store starts another. */
if (!parentPort) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { path } = workerData as { path: string };

const writer = new LogWriter(path, openForWriting);
port.postMessage('ready');
port.on('message', (message: { writes: LogWrite[]; recordedAtMs: number } | 'close') => {
  if (message === 'close') {
    writer.close();
    port.close();
  } else {
    port.postMessage(writer.commit(message.writes, message.recordedAtMs));
  }
});
