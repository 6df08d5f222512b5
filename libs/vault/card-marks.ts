import { createHmac } from 'node:crypto';
import type { Card } from '#processors';
import type { CardMarks } from './vault.port.js';

/** Keys of one tenant that marks are made with. They never change: what was marked before would not be recognised. */
export interface MarkKeys {
  fingerprint: Uint8Array;
  request: Uint8Array;
}

/** Hex, behind the version of the marks. */
export function marksOf(card: Card, keys: MarkKeys): CardMarks {
  const { number, expMonth, expYear } = card;
  return {
    fingerprint: mark(keys.fingerprint, number),
    request: mark(keys.request, `${number}/${expMonth}/${expYear}`),
  };
}

function mark(key: Uint8Array, text: string): string {
  return `v1.${createHmac('sha256', key).update(text).digest('hex')}`;
}
