import { lookup as systemLookup } from 'node:dns';
import { type LookupFunction, isIP } from 'node:net';
import { buildConnector } from 'undici';

/** Looks a name up, and has all of its addresses. */
export type Lookup = (
  hostname: string,
  options: { all: true; family?: number | 'IPv4' | 'IPv6'; hints?: number },
  callback: (
    error: NodeJS.ErrnoException | null,
    addresses: { address: string; family: number }[],
  ) => void,
) => void;

/** Nothing was sent there. */
export class AddressNotAllowedError extends Error {
  readonly code = 'ERR_ADDRESS_NOT_ALLOWED';

  constructor(address: string) {
    super(`${address} is not an address that may be connected to`);
    this.name = 'AddressNotAllowedError';
  }
}

/**
 * Connects to addresses that `mayConnect` lets it, and asks right before it does, with the very address: a name is looked up once, all
 * that came out is checked, and one of these is connected to. A name with an address that is not allowed is not connected to at all.
 */
export function checkedConnector(
  mayConnect: (address: string) => boolean,
  { timeoutMs, lookup = systemLookup }: { timeoutMs: number; lookup?: Lookup },
): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup: checkedLookup(mayConnect, lookup),
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    // For an address there is no look-up.
    if (isIP(options.hostname) !== 0 && !mayConnect(options.hostname))
      return callback(new AddressNotAllowedError(options.hostname), null);
    connect(options, (...connected) => {
      const [error, socket] = connected;
      if (error === null && !mayConnect(socket.remoteAddress ?? '')) {
        socket.destroy();
        callback(new AddressNotAllowedError(String(socket.remoteAddress)), null);
      } else callback(...connected);
    });
  };
}

function checkedLookup(mayConnect: (address: string) => boolean, lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      const refused = addresses?.find(({ address }) => !mayConnect(address));
      if (error) callback(error, '');
      else if (refused)
        callback(new AddressNotAllowedError(`${hostname} (${refused.address})`), '');
      else if (!first) callback(new AddressNotAllowedError(`${hostname} (none)`), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
