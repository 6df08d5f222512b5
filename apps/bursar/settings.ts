import { join, resolve } from 'node:path';
import { PURCHASE_WINDOW_MS } from '#domain';
import { type NatsAccess, natsAccessOf } from './nats.settings.js';
import { AUTHORIZATION_VALID_FOR_MS } from '../sandbox/sandbox.js';
import {
  type ProcessorSettings,
  needsSandbox,
  processorSettingsOf,
} from './processors/processor.settings.js';
import { QUOTE_VALID_MS } from '../commands/quote-terms.js';
import { type RateSettings, rateSettingsOf } from './rate.settings.js';
import { InvalidSettingsError } from './settings.error.js';

export { InvalidSettingsError };

export const APPROVAL_MS = 86_400_000;
export const RECONCILIATION_MS = 86_400_000;

export interface Settings {
  host: string;
  port: number;
  dataDir: string;
  /** The sandbox runs in this process on this port, or somewhere else at this address; null when nobody needs it. */
  sandbox: { port: number; authorizationValidForMs: number } | { url: string } | null;
  /** Whom payments are made through. */
  processors: ProcessorSettings;
  /** How long the same purchase under another key is a possible duplicate. */
  duplicateWindowMs: number;
  /** Who is asked for exchange rates. */
  rates: RateSettings;
  /** How long a quote stands. */
  quoteMs: number;
  /** How long a human has to approve a payment. */
  approvalMs: number;
  /** How long a time is compared with the processors' books at once, and so how often. */
  reconciliationMs: number;
  /** Merchants that reserve goods, besides the sandbox's. */
  reservationParticipants: { participant: string; baseUrl: string }[];
  /** For development: events may be sent over http, to any port, and to addresses of the own network and machine. */
  webhooksAllowInternal: boolean;
  /** Where agents come in over NATS; null for nowhere. */
  nats: NatsAccess | null;
  /** What says where the vault and its key are. */
  vault: Pick<NodeJS.ProcessEnv, 'BURSAR_VAULT_FILE' | 'BURSAR_VAULT_KEY_FILE'>;
}

/** @throws InvalidSettingsError */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const faults: string[] = [];
  const port = portOf(env, 'BURSAR_PORT', 7070, faults);
  const sandboxPort = portOf(env, 'BURSAR_SANDBOX_PORT', 7071, faults);
  const url = env['BURSAR_SANDBOX_URL'];
  if (url !== undefined && !URL.canParse(url)) faults.push('BURSAR_SANDBOX_URL is not a URL');
  const duplicateWindowMs = secondsOf(
    env,
    'BURSAR_DUPLICATE_WINDOW_SECONDS',
    PURCHASE_WINDOW_MS,
    faults,
  );
  const approvalMs = secondsOf(env, 'BURSAR_APPROVAL_SECONDS', APPROVAL_MS, faults);
  const reconciliationMs = secondsOf(
    env,
    'BURSAR_RECONCILIATION_SECONDS',
    RECONCILIATION_MS,
    faults,
  );
  const authorizationValidForMs = secondsOf(
    env,
    'BURSAR_SANDBOX_AUTHORIZATION_SECONDS',
    AUTHORIZATION_VALID_FOR_MS,
    faults,
  );
  const processors = processorSettingsOf(env, faults);
  const rates = rateSettingsOf(env, processors, faults);
  const quoteMs = secondsOf(env, 'BURSAR_QUOTE_SECONDS', QUOTE_VALID_MS, faults);
  const ownSandbox = needsSandbox(processors)
    ? { port: sandboxPort, authorizationValidForMs }
    : null;
  if (processors.doubles.length > 0 && port === 0)
    faults.push('BURSAR_SANDBOX_DOUBLES needs a BURSAR_PORT other than 0, to send webhooks to');
  const reservationParticipants = participantsOf(env, faults);
  const webhooksAllowInternal = switchOf(env, 'BURSAR_WEBHOOKS_ALLOW_INTERNAL', faults);
  const nats = natsAccessOf(env, faults);
  if (faults.length > 0) throw new InvalidSettingsError(faults);
  return {
    host: env['BURSAR_HOST'] ?? '127.0.0.1',
    port,
    dataDir: resolve(env['BURSAR_DATA_DIR'] ?? 'data'),
    sandbox: url === undefined ? ownSandbox : { url },
    processors,
    rates,
    quoteMs,
    duplicateWindowMs,
    approvalMs,
    reconciliationMs,
    reservationParticipants,
    webhooksAllowInternal,
    nats,
    vault: vaultSettingsOf(env),
  };
}

export function vaultSettingsOf({
  BURSAR_VAULT_FILE,
  BURSAR_VAULT_KEY_FILE,
}: NodeJS.ProcessEnv): Settings['vault'] {
  return { BURSAR_VAULT_FILE, BURSAR_VAULT_KEY_FILE };
}

export function portOf(
  env: NodeJS.ProcessEnv,
  name: string,
  usual: number,
  faults: string[],
): number {
  const text = env[name];
  if (text === undefined || text === '') return usual;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  faults.push(`${name} must be a port from 0 to 65535, not "${text}"`);
  return usual;
}

/** A setting in seconds, as milliseconds. */
export function secondsOf(
  env: NodeJS.ProcessEnv,
  name: string,
  usualMs: number,
  faults: string[],
): number {
  const text = env[name];
  if (text === undefined || text === '') return usualMs;
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text) * 1_000;
  faults.push(`${name} must be from 1 to 99999999, not "${text}"`);
  return usualMs;
}

/** On with `true` or 1, off with `false`, 0 and without. */
export function switchOf(env: NodeJS.ProcessEnv, name: string, faults: string[]): boolean {
  const text = env[name] ?? '';
  const isOn = text === 'true' || text === '1';
  if (!isOn && !['', 'false', '0'].includes(text))
    faults.push(`${name} must be true or false, not "${text}"`);
  return isOn;
}

/** `name=url`, separated by commas. */
export function participantsOf(
  env: NodeJS.ProcessEnv,
  faults: string[],
): Settings['reservationParticipants'] {
  const text = env['BURSAR_RESERVATION_PARTICIPANTS'] ?? '';
  const participants = text === '' ? [] : text.split(',').map(participantOf);
  const names = new Set(participants.map((each) => each?.participant));
  if (participants.includes(undefined) || names.size < participants.length) {
    faults.push(
      'BURSAR_RESERVATION_PARTICIPANTS must be name=url,name=url with different names and http addresses',
    );
  }
  return participants.filter((each) => each !== undefined);
}

function participantOf(text: string): Settings['reservationParticipants'][number] | undefined {
  const [, participant = '', baseUrl = ''] =
    /^\s*([a-z0-9][a-z0-9_-]{0,63})=(https?:[^?#]+?)\s*$/.exec(text) ?? [];
  return URL.canParse(baseUrl) ? { participant, baseUrl } : undefined;
}

/** The files of the data folder. */
export function filesOf(dataDir: string) {
  return {
    events: join(dataDir, 'events.db'),
    readModels: join(dataDir, 'read-models.db'),
    sagas: join(dataDir, 'sagas.db'),
    snapshots: join(dataDir, 'snapshots.db'),
    instanceSecret: join(dataDir, 'instance.secret'),
    credentials: join(dataDir, 'credentials.json'),
    tenants: join(dataDir, 'tenants'),
  };
}
