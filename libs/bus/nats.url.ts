/** One of the servers of an address. */
export interface NatsServerAddress {
  scheme: 'nats' | 'tls';
  /** Decoded; undefined when the address names nobody. */
  user: string | undefined;
  password: string | undefined;
  /** `host:port`, without any secret. */
  host: string;
}

const SERVER =
  /^(?<scheme>nats|tls):\/\/(?:(?<user>[^:@/]+):(?<password>[^:@/]+)@)?(?<host>(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)\/?$/;

/**
 * The servers of `nats://host:port`, or of `tls://host:port` where nothing less is accepted; several are separated by commas,
 * and each may name `user:password@`, percent-encoded. Null for what is no such address.
 */
export function parseNatsUrl(url: string): NatsServerAddress[] | null {
  const servers = url.split(',').map((each) => SERVER.exec(each.trim())?.groups);
  const addresses = servers.flatMap((server) => (server ? [addressOf(server)] : []));
  const alike = new Set(addresses.map(({ scheme }) => scheme)).size === 1;
  return alike && addresses.length === servers.length ? addresses : null;
}

function addressOf(server: Record<string, string | undefined>): NatsServerAddress {
  const { scheme, user, password, host = '' } = server;
  return {
    scheme: scheme === 'tls' ? 'tls' : 'nats',
    user: user && decoded(user),
    password: password && decoded(password),
    host,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
