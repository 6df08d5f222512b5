import { resolve } from 'node:path';
import { PURCHASE_WINDOW_MS } from '#domain';
import { type CardsTls, cardsDoorOf, cardsRoadOf } from '../cards/cards.settings.js';
import { QUOTE_VALID_MS } from '../../commands/quote-terms.js';
import { type NatsAccess, natsAccessOf } from '../nats.settings.js';
import {
  ONLY_THE_SANDBOX,
  type ProcessorSettings,
  needsSandbox,
  processorSettingsOf,
} from '../processors/processor.settings.js';
import { type RateSettings, rateSettingsOf } from '../rate.settings.js';
import {
  APPROVAL_MS,
  RECONCILIATION_MS,
  InvalidSettingsError,
  type Settings,
  participantsOf,
  portOf,
  secondsOf,
  switchOf,
  vaultSettingsOf,
} from '../settings.js';

/** What a process of the distributed form can be. */
export const ROLES = ['gateway', 'commands', 'sagas', 'connectors', 'queries'] as const;
export type Role = (typeof ROLES)[number];

/** Who works with the log itself. */
const WITH_LOG: readonly Role[] = ['commands', 'sagas', 'queries'];

export interface RoleSettings {
  role: Role;
  host: string;
  /** Of the API for a gateway; for everybody else of `/healthz`, `/readyz` and `/metrics`. */
  port: number;
  nats: NatsAccess;
  /** `esdb://…`; empty for those who have nothing to do with the log. */
  eventStoreUrl: string;
  /** What this process may forget: read models and snapshots. */
  dataDir: string;
  /** The file with the secret that API keys derive from; for commands only. */
  instanceSecretFile: string;
  /** Where the sandbox's processors and merchant are; for connectors only. Null: nobody needs them. */
  sandboxUrl: string | null;
  /** Whom payments are made through; for connectors only, and nobody else holds the keys. */
  processors: ProcessorSettings;
  /** Who is asked for exchange rates; for connectors only, and nobody else holds the key. */
  rates: RateSettings;
  /** How long a quote stands; for commands only. */
  quoteMs: number;
  /** Copies of what sagas keep in JetStream, on different servers. */
  natsReplicas: number;
  duplicateWindowMs: number;
  approvalMs: number;
  /** For sagas only. */
  reconciliationMs: number;
  reservationParticipants: Settings['reservationParticipants'];
  /** For connectors only. */
  webhooksAllowInternal: boolean;
  /** What says where the vault and its key are; for connectors only. */
  vault: Settings['vault'];
  /** Where cards come in; for connectors only. Null: nowhere. */
  cardsDoor: (CardsTls & { port: number }) | null;
  /** Where cards go to; for gateways only. Null: nowhere. */
  cardsRoad: (CardsTls & { url: string }) | null;
}

/** @throws InvalidSettingsError, which names everything that is wrong */
export function readRoleSettings(role: Role, env: NodeJS.ProcessEnv): RoleSettings {
  const faults: string[] = [];
  const text = (name: string) => env[name] ?? '';
  const required = (name: string, isNeeded: boolean) => {
    if (isNeeded && text(name) === '') faults.push(`${name} is not set`);
    return text(name);
  };
  const nats = natsAccessOf(env, faults);
  if (!nats && text('BURSAR_NATS_URL') === '') faults.push('BURSAR_NATS_URL is not set');
  const eventStoreUrl = required('BURSAR_EVENTSTORE_URL', WITH_LOG.includes(role));
  if (eventStoreUrl !== '' && !/^esdb(?:\+discover)?:\/\//.test(eventStoreUrl))
    faults.push('BURSAR_EVENTSTORE_URL must be esdb://… or esdb+discover://…');
  const isConnectors = role === 'connectors';
  const processors = isConnectors ? processorSettingsOf(env, faults) : ONLY_THE_SANDBOX;
  const rates = rateSettingsOf(isConnectors ? env : {}, processors, faults);
  const sandboxUrl = required('BURSAR_SANDBOX_URL', isConnectors && needsSandbox(processors));
  if (sandboxUrl !== '' && !URL.canParse(sandboxUrl))
    faults.push('BURSAR_SANDBOX_URL is not a URL');
  const replicas = text('BURSAR_NATS_REPLICAS') || '1';
  if (!/^[1-5]$/.test(replicas))
    faults.push(`BURSAR_NATS_REPLICAS must be from 1 to 5, not "${replicas}"`);
  const settings = {
    role,
    host: env['BURSAR_HOST'] ?? '127.0.0.1',
    port: portOf(env, 'BURSAR_PORT', 7070, faults),
    eventStoreUrl,
    dataDir: resolve(env['BURSAR_DATA_DIR'] ?? 'data'),
    instanceSecretFile: required('BURSAR_INSTANCE_SECRET_FILE', role === 'commands'),
    sandboxUrl: sandboxUrl || null,
    processors,
    rates,
    quoteMs: secondsOf(env, 'BURSAR_QUOTE_SECONDS', QUOTE_VALID_MS, faults),
    natsReplicas: Number(replicas),
    duplicateWindowMs: secondsOf(
      env,
      'BURSAR_DUPLICATE_WINDOW_SECONDS',
      PURCHASE_WINDOW_MS,
      faults,
    ),
    approvalMs: secondsOf(env, 'BURSAR_APPROVAL_SECONDS', APPROVAL_MS, faults),
    reconciliationMs: secondsOf(env, 'BURSAR_RECONCILIATION_SECONDS', RECONCILIATION_MS, faults),
    reservationParticipants: participantsOf(env, faults),
    webhooksAllowInternal: switchOf(env, 'BURSAR_WEBHOOKS_ALLOW_INTERNAL', faults),
    vault: vaultSettingsOf(env),
    cardsDoor: isConnectors ? cardsDoorOf(env, faults) : null,
    cardsRoad: role === 'gateway' ? cardsRoadOf(env, faults) : null,
  };
  if (!nats || faults.length > 0) throw new InvalidSettingsError(faults);
  return { ...settings, nats };
}
