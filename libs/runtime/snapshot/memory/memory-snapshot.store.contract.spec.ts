import { describeSnapshotStore } from '../snapshot-store.contract.js';
import { MemorySnapshotStore } from './memory-snapshot.store.js';

describeSnapshotStore('memory', () => ({ store: new MemorySnapshotStore(), close: () => {} }));
