import { join, resolve } from 'node:path';

export interface Settings {
  host: string;
  port: number;
  dataDir: string;
  /** The sandbox runs in this process on this port, or somewhere else at this address. */
  sandbox: { port: number } | { url: string };
}

/** Says everything that is wrong with the environment at once. */
export class InvalidSettingsError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'InvalidSettingsError';
  }
}

/** @throws InvalidSettingsError */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const faults: string[] = [];
  const port = portOf(env, 'BURSAR_PORT', 7070, faults);
  const sandboxPort = portOf(env, 'BURSAR_SANDBOX_PORT', 7071, faults);
  const url = env['BURSAR_SANDBOX_URL'];
  if (url !== undefined && !URL.canParse(url)) faults.push('BURSAR_SANDBOX_URL is not a URL');
  if (faults.length > 0) throw new InvalidSettingsError(faults);
  return {
    host: env['BURSAR_HOST'] ?? '127.0.0.1',
    port,
    dataDir: resolve(env['BURSAR_DATA_DIR'] ?? 'data'),
    sandbox: url === undefined ? { port: sandboxPort } : { url },
  };
}

function portOf(env: NodeJS.ProcessEnv, name: string, usual: number, faults: string[]): number {
  const text = env[name];
  if (text === undefined || text === '') return usual;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  faults.push(`${name} must be a port from 0 to 65535, not "${text}"`);
  return usual;
}

/** The files of the data folder. */
export function filesOf(dataDir: string) {
  return {
    events: join(dataDir, 'events.db'),
    readModels: join(dataDir, 'read-models.db'),
    sagas: join(dataDir, 'sagas.db'),
    instanceSecret: join(dataDir, 'instance.secret'),
    credentials: join(dataDir, 'credentials.json'),
  };
}
