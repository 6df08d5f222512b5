import { type Credentials, EventStoreDBClient } from '@eventstore/db-client';

/** A client with what every call of it has to carry. */
export interface ServerConnection {
  client: EventStoreDBClient;
  /**
   * Named with each call, also where nobody looks at them: without, the client sends all appends over one shared stream, and
   * what happens to that stream happens to all of them.
   */
  credentials: Credentials;
}

const CREDENTIALS = /^esdb(?:\+discover)?:\/\/([^:@]+):([^@]+)@/;
const WITHOUT_TLS = /[?&]tls=false(?:&|$)/i;

/**
 * Connects with the first call.
 * @throws TypeError for a string that names no user although the connection is secure, Error for one that the client
 * does not understand
 */
export function connectionTo(url: string): ServerConnection {
  const credentials = credentialsOf(url);
  const client = EventStoreDBClient.connectionString(url);
  guardFailures(client);
  return { client, credentials };
}

/**
 * The client looks at each failed call without anybody waiting for it, and looks for the cluster meanwhile: when the cluster
 * is not found, the rejection is nobody's and ends the process.
 */
function guardFailures(client: EventStoreDBClient): void {
  const handle: unknown = Reflect.get(client, 'handleError');
  if (typeof handle !== 'function') throw new Error('the client handles failures in another way');
  Reflect.set(client, 'handleError', async (...failed: unknown[]) => {
    try {
      await handle.apply(client, failed);
    } catch {
      // The next call finds out.
    }
  });
}

function credentialsOf(url: string): Credentials {
  const [, username, password] = CREDENTIALS.exec(url.trim()) ?? [];
  if (username !== undefined && password !== undefined) {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (WITHOUT_TLS.test(url)) return { username: 'nobody', password: 'nothing' };
  throw new TypeError('a secure connection to EventStoreDB names a user and a password');
}
