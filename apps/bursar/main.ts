import 'reflect-metadata';
import { DataFolderLockedError, UnknownFileError } from '#sqlite';
import { startBursar } from './bursar.js';
import { InvalidSettingsError, readSettings } from './settings.js';

try {
  const bursar = await startBursar(readSettings(process.env));
  console.log(`Bursar       ${bursar.url}
Docs         ${bursar.url}/docs
Credentials  ${bursar.credentialsPath}
Sandbox      ${bursar.sandboxUrl}  (books and fault switches)`);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await bursar.stop();
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
} catch (error) {
  console.error(`Bursar cannot start: ${reasonOf(error)}`);
  process.exit(1);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isPlain =
    error instanceof InvalidSettingsError ||
    error instanceof DataFolderLockedError ||
    error instanceof UnknownFileError ||
    ('code' in error && error.code === 'EADDRINUSE');
  return isPlain ? error.message : (error.stack ?? error.message);
}
