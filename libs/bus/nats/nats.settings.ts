import { readFileSync } from 'node:fs';
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';

/** Where the server is and who comes: with a password, a credentials file or an nkey. */
export interface NatsSettings {
  /**
   * `nats://host:port`, or `tls://host:port` where nothing less is accepted. Several servers are separated by commas; the
   * first may be written with `user:password@`, percent-encoded, which is then used for all.
   */
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

const SERVER =
  /^(?<scheme>nats|tls):\/\/(?:(?<user>[^:@/]+):(?<password>[^:@/]+)@)?(?<address>(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)\/?$/;

export function isNatsUrl(url: string): boolean {
  const servers = url.split(',').map((each) => SERVER.exec(each.trim())?.groups?.['scheme']);
  return servers[0] !== undefined && new Set(servers).size === 1;
}

/** `host:port` of each server, without any secret. */
export function serversOf({ url }: Pick<NatsSettings, 'url'>): string[] {
  return url.split(',').map((each) => SERVER.exec(each.trim())?.groups?.['address'] ?? '');
}

/** What the client is to know. @throws Error when the URL is none, or a file cannot be read */
export function clientOptions(settings: NatsSettings): ConnectionOptions {
  const { url, name, credentialsFile, nkeyFile } = settings;
  if (!isNatsUrl(url)) throw new Error('the address of the NATS server is not nats://host:port');
  return {
    servers: serversOf(settings),
    name,
    inboxPrefix: `_INBOX.${name}`,
    ...passwordOf(settings),
    ...tlsOf(settings),
    ...(credentialsFile !== undefined && {
      authenticator: credsAuthenticator(readFileSync(credentialsFile)),
    }),
    ...(nkeyFile !== undefined && { authenticator: nkeyAuthenticator(seedIn(nkeyFile)) }),
  };
}

function passwordOf({
  url,
  user,
  password,
}: NatsSettings): Pick<ConnectionOptions, 'user' | 'pass'> {
  if (user !== undefined) return { user, pass: password ?? '' };
  const named = SERVER.exec(url.split(',', 1)[0]?.trim() ?? '')?.groups;
  if (named?.['user'] === undefined) return {};
  return {
    user: decodeURIComponent(named['user']),
    pass: decodeURIComponent(named['password'] ?? ''),
  };
}

/** With TLS options, even empty ones, the client refuses a server that offers no TLS. */
function tlsOf(settings: NatsSettings): Pick<ConnectionOptions, 'tls'> {
  if (!settings.url.trimStart().startsWith('tls:')) return {};
  const { caFile, certificateFile: certFile, keyFile } = settings;
  return { tls: { caFile, certFile, keyFile } };
}

/** The file may hold comments around the seed. */
function seedIn(path: string): Uint8Array {
  const seed = /^S[A-Z2-7]{40,}\s*$/m.exec(readFileSync(path, 'utf8'))?.[0];
  if (seed === undefined) throw new Error(`${path} holds no seed of an nkey`);
  return new TextEncoder().encode(seed.trim());
}
