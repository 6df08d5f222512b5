import { readFileSync } from 'node:fs';
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import { type NatsServerAddress, parseNatsUrl } from '../nats.url.js';
import { nkeyIn } from './nkey.js';

/** Where the server is and who comes: with a password, a credentials file or an nkey. */
export interface NatsSettings {
  /** See `parseNatsUrl`. The first server's user and password are used for all. */
  url: string;
  /** A word for the server's lists; replies come to `_INBOX.<name>.>` and nowhere else. */
  name: string;
  user?: string;
  password?: string;
  /** Path of a file with a user's JWT and seed. */
  credentialsFile?: string;
  /** Path of a file with an nkey's seed. */
  nkeyFile?: string;
  /** Path of the certificates to trust instead of the system's. */
  caFile?: string;
  /** Paths of a certificate of our own, for a server that asks for one, and of its key. */
  certificateFile?: string;
  keyFile?: string;
}

/** `host:port` of each server, without any secret. */
export function serversOf({ url }: Pick<NatsSettings, 'url'>): string[] {
  return (parseNatsUrl(url) ?? []).map(({ host }) => host);
}

/** What the client is to know. @throws Error when the URL is none, or a file cannot be read */
export function clientOptions(settings: NatsSettings): ConnectionOptions {
  const { url, name, credentialsFile, nkeyFile } = settings;
  const [first, ...others] = parseNatsUrl(url) ?? [];
  if (!first) throw new Error('the address of the NATS server is not nats://host:port');
  return {
    servers: [first, ...others].map(({ host }) => host),
    name,
    inboxPrefix: `_INBOX.${name}`,
    ...passwordOf(settings, first),
    ...(first.scheme === 'tls' && { tls: tlsOf(settings) }),
    ...(credentialsFile !== undefined && {
      authenticator: credsAuthenticator(readFileSync(credentialsFile)),
    }),
    ...(nkeyFile !== undefined && { authenticator: nkeyAuthenticator(seedAt(nkeyFile)) }),
  };
}

function passwordOf(
  { user, password }: NatsSettings,
  named: NatsServerAddress,
): Pick<ConnectionOptions, 'user' | 'pass'> {
  if (user !== undefined) return { user, pass: password ?? '' };
  return named.user === undefined ? {} : { user: named.user, pass: named.password };
}

/** With TLS options, even empty ones, the client refuses a server that offers no TLS. */
function tlsOf({ caFile, certificateFile: certFile, keyFile }: NatsSettings) {
  return { caFile, certFile, keyFile };
}

function seedAt(path: string): Uint8Array {
  return new TextEncoder().encode(nkeyIn(readFileSync(path, 'utf8')).seed);
}
