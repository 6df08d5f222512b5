import { parseNatsUrl } from '#bus';
import type { NatsSettings } from '#bus/nats';

/** How this process comes to NATS; its name there is the caller's to give. */
export type NatsAccess = Omit<NatsSettings, 'name'> & {
  /** Whether a server that asks nobody who they are is good enough. */
  allowAnonymous: boolean;
  /** Path of the key that events for the world are published with. */
  eventsNkeyFile?: string;
};

/** Agents cannot be let in over NATS, for a reason that whoever set it up can put right. */
export class AgentsDoorError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'AgentsDoorError';
  }
}

/** How events for the world are published: with a key of their own, or as whoever has none. Null when only the other one is there. */
export function eventsAccessOf({ eventsNkeyFile, ...access }: NatsAccess): NatsAccess | null {
  if (access.nkeyFile !== undefined && eventsNkeyFile === undefined) return null;
  return { ...access, nkeyFile: eventsNkeyFile };
}

/** Null without an address. Adds to `faults` what is wrong. */
export function natsAccessOf(env: NodeJS.ProcessEnv, faults: string[]): NatsAccess | null {
  const text = (name: string) => env[`BURSAR_NATS_${name}`] || undefined;
  const url = text('URL');
  if (url === undefined) return null;
  if (!parseNatsUrl(url))
    faults.push(
      'BURSAR_NATS_URL must be nats://host:port or tls://host:port, or several by commas',
    );
  const anonymous = text('ALLOW_ANONYMOUS') ?? 'false';
  if (!['true', 'false'].includes(anonymous))
    faults.push(`BURSAR_NATS_ALLOW_ANONYMOUS must be true or false, not "${anonymous}"`);
  const [certificateFile, keyFile] = [text('CERTIFICATE_FILE'), text('KEY_FILE')];
  if ((certificateFile === undefined) !== (keyFile === undefined))
    faults.push('BURSAR_NATS_CERTIFICATE_FILE and BURSAR_NATS_KEY_FILE belong together');
  return {
    url,
    allowAnonymous: anonymous === 'true',
    user: text('USER'),
    password: text('PASSWORD'),
    credentialsFile: text('CREDENTIALS_FILE'),
    nkeyFile: text('NKEY_FILE'),
    eventsNkeyFile: text('EVENTS_NKEY_FILE'),
    caFile: text('CA_FILE'),
    certificateFile,
    keyFile,
  };
}
