import { SaxesParser, type SaxesTagNS } from 'saxes';
import { checkedSheet, unreadable } from '../rate-sheet.check.js';
import type { SheetOutcome } from '../rate-source.port.js';

const GESMES = 'http://www.gesmes.org/xml/2002-08-01';
const EUROFXREF = 'http://www.ecb.int/vocabulary/2002-08-01/eurofxref';
const DATE = /^\d{4}-\d\d-\d\d$/;
const NOON_MS = 12 * 3_600_000;

interface Read {
  days: string[];
  rates: [currency: string, rate: string | undefined][];
}

/**
 * The daily reference rates of the European Central Bank: Envelope > Cube > Cube with a time > Cubes with a currency and a rate. One
 * day only: the files with a history are not what was asked for.
 */
export function parseEcb(xml: string): SheetOutcome {
  const read: Read = { days: [], rates: [] };
  const path: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  // Theirs has none, and what one declares is nothing that we want to know.
  parser.on('doctype', () => {
    throw new Error('a document type');
  });
  parser.on('opentag', (tag) => {
    path.push(stepOf(tag));
    note(read, path, tag);
  });
  parser.on('closetag', () => void path.pop());
  try {
    parser.write(xml).close();
  } catch {
    return unreadable('no well-formed document');
  }
  const [day, ...others] = read.days;
  if (day === undefined || others.length > 0) return unreadable('not exactly one day');
  return checkedSheet('EUR', instantOf(day), read.rates);
}

function stepOf({ uri, local }: SaxesTagNS): string {
  if (uri === GESMES && local === 'Envelope') return 'Envelope';
  return uri === EUROFXREF && local === 'Cube' ? 'Cube' : '?';
}

function note({ days, rates }: Read, path: readonly string[], tag: SaxesTagNS): void {
  const where = path.join('/');
  const value = (name: string) => tag.attributes[name]?.value;
  if (where === 'Envelope/Cube/Cube') days.push(value('time') ?? '');
  if (where === 'Envelope/Cube/Cube/Cube') rates.push([value('currency') ?? '', value('rate')]);
}

/** The central banks agree on them at a quarter past two, their time: noon UTC is never after that. */
function instantOf(day: string): number {
  const midnightMs = DATE.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN;
  const isReal = !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day);
  return isReal ? midnightMs + NOON_MS : Number.NaN;
}
