import { type Snapshot, SnapshotStore } from '../../snapshot-store.port.js';

/** For tests and simulation: hand the same one to the next life of a process. Keeps text, as a file would. */
export class MemorySnapshotStore extends SnapshotStore {
  private readonly snapshots = new Map<string, string>();

  load(stream: string): Snapshot | null {
    const saved = this.snapshots.get(stream);
    return saved === undefined ? null : (JSON.parse(saved) as Snapshot);
  }

  save(stream: string, snapshot: Snapshot): void {
    this.snapshots.set(stream, JSON.stringify(snapshot));
  }
}
