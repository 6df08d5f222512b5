import type { KV } from 'nats';
import { KeyValueStore } from '#platform';
import type { NatsConnection } from './nats.connection.js';

/** A server that has no such bucket may not answer at all. */
const ANSWER_WITHIN_MS = 2_000;

/** A bucket of JetStream, made when it is not there: also when it was deleted, with all that was in it. */
export class NatsKeyValueStore extends KeyValueStore {
  private opened: Promise<KV> | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly bucket: string,
    /** Copies on different servers. */
    private readonly replicas = 1,
  ) {
    super();
  }

  async get(key: string): Promise<string | null> {
    const entry = await this.onBucket((bucket) => bucket.get(key));
    return entry?.operation === 'PUT' ? entry.string() : null;
  }

  async put(key: string, value: string): Promise<void> {
    await this.onBucket((bucket) => bucket.put(key, value));
  }

  /** Whatever went wrong, the bucket may be gone; it is made again before the second try. */
  private async onBucket<T>(use: (bucket: KV) => Promise<T>): Promise<T> {
    if (!this.connection.liveness().connected) throw new Error('the connection to NATS is lost');
    try {
      return await use(await this.open());
    } catch {
      this.opened = undefined;
      return use(await this.open());
    }
  }

  private open(): Promise<KV> {
    this.opened ??= this.connection.client
      .jetstream({ timeout: ANSWER_WITHIN_MS })
      .views.kv(this.bucket, { history: 1, replicas: this.replicas });
    return this.opened;
  }
}
