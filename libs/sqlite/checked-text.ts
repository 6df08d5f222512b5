import { crc32 } from 'node:zlib';

/** A text as it is stored, behind the CRC-32 of itself and of what it belongs to. */
export function withChecksum(text: string, belongsTo = ''): string {
  return `${checksumOf(text, belongsTo)} ${text}`;
}

/** @throws Error when it is not what `withChecksum` made of a text that belongs there */
export function withoutChecksum(stored: string, belongsTo = ''): string {
  const text = stored.slice(stored.indexOf(' ') + 1);
  if (stored !== withChecksum(text, belongsTo)) throw new Error('a stored text was changed');
  return text;
}

function checksumOf(text: string, belongsTo: string): number {
  return crc32(text, crc32(belongsTo));
}
