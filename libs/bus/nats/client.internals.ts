import type { NatsConnection as Client } from 'nats';

/** What the client has no public word for. Its version is pinned, and `nats.faults.int.spec.ts` notices when this changes. */
interface Internals {
  readonly protocol: { readonly transport?: { readonly socket?: { destroy(): void } } };
}

/**
 * Ends the connection now. The client itself first waits until everything was written, which a network that takes no more bytes
 * never does: it would be connected to nobody for ever.
 */
export function cutSocket(client: Client): void {
  (client as unknown as Internals).protocol.transport?.socket?.destroy();
}
