import { describeSagaStore } from '../saga-store.contract.js';
import { MemorySagaStore } from './memory-saga.store.js';

describeSagaStore('memory', () => ({ store: new MemorySagaStore(), close: () => {} }));
