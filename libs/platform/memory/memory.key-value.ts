import { KeyValueStore } from '../key-value.port.js';

/** Keeps everything until it is told to be away, or to forget. */
export class MemoryKeyValueStore extends KeyValueStore {
  readonly values = new Map<string, string>();
  away = false;

  async get(key: string): Promise<string | null> {
    this.assertThere();
    return this.values.get(key) ?? null;
  }

  async put(key: string, value: string): Promise<void> {
    this.assertThere();
    this.values.set(key, value);
  }

  private assertThere(): void {
    if (this.away) throw new Error('the key-value store is away');
  }
}
