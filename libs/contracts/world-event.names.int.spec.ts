import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WORLD_EVENT_TYPES } from './world-event.rendering.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/event-feed.md', import.meta.url));

describe('the names of events for the world', () => {
  it('are those that are documented: one that went or changed would number the past anew', () => {
    const documented = [
      ...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `(payment_intent\.\w+)` /gm),
    ].map(([, name]) => name);
    expect(documented).toEqual(WORLD_EVENT_TYPES);
  });
});
