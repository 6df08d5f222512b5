import { readFileSync } from 'node:fs';
import { connect, nkeyAuthenticator } from 'nats';
import type { WorldEvent } from './contract.types.js';

/** Everything that the stream holds, from its beginning: the program of docs/event-feed.md. */
export async function replayEvents(
  servers: string,
  name: string,
  keyFile: string,
): Promise<{ subject: string; messageId: string; event: WorldEvent }[]> {
  const nats = await connect({
    servers,
    authenticator: nkeyAuthenticator(readFileSync(keyFile)),
    inboxPrefix: `_INBOX.${name}`,
  });
  try {
    const js = nats.jetstream({ apiPrefix: 'events.api' });
    const consumer = await js.consumers.get('BURSAR_EVENTS');
    if ((await consumer.info()).num_pending === 0) return [];
    const found = [];
    for await (const message of await consumer.consume()) {
      found.push({
        subject: message.subject,
        messageId: message.headers?.get('Nats-Msg-Id') ?? '',
        event: message.json<WorldEvent>(),
      });
      if (message.info.pending === 0) break;
    }
    return found;
  } finally {
    await nats.close();
  }
}
