import { crc32 } from 'node:zlib';
import type { Checked, EventRow, StreamRow } from './log.file.js';

/**
 * CRC-32 finds every single changed bit, every burst of up to 32, and all but one in four billion of anything else. It is
 * against accidents; whoever can write the file can write a checksum, too.
 */
export function eventChecksum(row: EventRow): number {
  const { position, stream, revision, id, type, recorded_at: recordedAt, data, metadata } = row;
  const rest = `${position} ${stream} ${revision} ${id} ${type} ${recordedAt} ${data.length}`;
  return crc32(metadata, crc32(data, crc32(rest)));
}

export function streamChecksum({ stream, head, truncated_before, status }: StreamRow): number {
  return crc32(`${stream} ${head} ${truncated_before} ${status}`);
}

export function isIntactEvent(row: Checked<EventRow>): boolean {
  // A changed bit can make bytes of a text, whose checksum would be the same.
  const texts = [row.stream, row.id, row.type, row.data, row.metadata];
  return texts.every((text) => typeof text === 'string') && row.checksum === eventChecksum(row);
}

export function isIntactStream(row: Checked<StreamRow>): boolean {
  const texts = [row.stream, row.status];
  return texts.every((text) => typeof text === 'string') && row.checksum === streamChecksum(row);
}
