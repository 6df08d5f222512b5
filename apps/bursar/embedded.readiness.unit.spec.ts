import { describe, expect, it } from 'vitest';
import { type EventStore, LogDamagedError } from '#event-store';
import { EmbeddedReadiness } from './embedded.readiness.js';

describe('the readiness of the embedded form', () => {
  it('ends with the first damage that is found in the log', () => {
    let damage: LogDamagedError | null = null;
    const readiness = new EmbeddedReadiness({ damage: () => damage } as EventStore);
    readiness.started();
    expect(readiness.ready()).toBe(true);
    damage = new LogDamagedError('events.db', 'position 2', 'its checksum does not fit');
    expect(readiness.ready()).toBe(false);
    expect(readiness.reasons()).toEqual(['log_damaged']);
  });
});
