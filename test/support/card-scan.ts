/** Where a card's number or CVC was found, and how it was written there. */
export interface CardFinding {
  canary: string;
  form: string;
  offset: number;
}

export interface CardCanary {
  number: string;
  cvc: string;
}

interface Pattern {
  canary: string;
  form: string;
  bytes: Buffer;
}

const KEY_BYTES = 4;

/**
 * Looks for known card numbers and CVCs in bytes, however they are written: plain, in groups, as base64, hex, percent-encoding, UTF-16
 * and packed digits. Three or four digits are everywhere, so a CVC counts where it stands as one: in quotes, or beside its name.
 */
export class CardScan {
  /** By their first four bytes: one look at each place is enough, however many there are. */
  private readonly patterns = new Map<number, Pattern[]>();

  constructor(canaries: readonly CardCanary[]) {
    for (const { number, cvc } of canaries) {
      for (const [form, bytes] of formsOfNumber(number)) this.add({ canary: number, form, bytes });
      for (const [form, bytes] of formsOfCvc(cvc)) this.add({ canary: cvc, form, bytes });
    }
  }

  scan(content: Uint8Array | string): CardFinding[] {
    const bytes = Buffer.from(content as Uint8Array);
    const findings: CardFinding[] = [];
    for (let offset = 0; offset + KEY_BYTES <= bytes.length; offset += 1) {
      const candidates = this.patterns.get(bytes.readUInt32BE(offset));
      for (const { canary, form, bytes: pattern } of candidates ?? [])
        if (bytes.subarray(offset, offset + pattern.length).equals(pattern))
          findings.push({ canary, form, offset });
    }
    return findings;
  }

  private add(pattern: Pattern): void {
    const key = pattern.bytes.readUInt32BE(0);
    const known = this.patterns.get(key) ?? [];
    if (known.some(({ bytes }) => bytes.equals(pattern.bytes))) return;
    this.patterns.set(key, [...known, pattern]);
  }
}

function formsOfNumber(number: string): [form: string, bytes: Buffer][] {
  const groups = (separator: string) => (number.match(/.{1,4}/g) ?? []).join(separator);
  const separated = [' ', '-', '%20', '+', '\u00a0'].map((separator): [string, Buffer] => [
    `in groups with "${separator}"`,
    Buffer.from(groups(separator)),
  ]);
  return [
    ['plain', Buffer.from(number)],
    ...separated,
    ...encoded(number),
    ['UTF-16', Buffer.from(number, 'utf16le')],
    [
      'packed digits',
      Buffer.from(number.length % 2 === 0 ? number : `${number}0`, 'hex').subarray(
        0,
        Math.floor(number.length / 2),
      ),
    ],
  ];
}

function formsOfCvc(cvc: string): [form: string, bytes: Buffer][] {
  const named = [`"${cvc}"`, `\\"${cvc}\\"`, `'${cvc}'`, `cvc=${cvc}`, `cvc: ${cvc}`, `cvc:${cvc}`];
  return [
    ...named.map((text): [string, Buffer] => ['as a CVC', Buffer.from(text)]),
    ...encoded(`"cvc":"${cvc}"`),
  ];
}

function encoded(text: string): [form: string, bytes: Buffer][] {
  const hex = Buffer.from(text).toString('hex');
  const percent = hex.replaceAll(/../g, (byte) => `%${byte}`);
  return [
    ['hex', Buffer.from(hex)],
    ['hex', Buffer.from(hex.toUpperCase())],
    ['percent-encoded', Buffer.from(percent)],
    ['percent-encoded', Buffer.from(percent.toUpperCase())],
    ...base64Of(text).map((part): [string, Buffer] => ['base64', Buffer.from(part)]),
  ];
}

/** What base64 of anything that holds the text must hold: for each of the three ways in which it can fall into groups of three bytes. */
function base64Of(text: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.toString('base64');
    const from = Math.ceil((before * 8) / 6);
    const certain = whole.slice(from, Math.floor((bytes.length * 8) / 6));
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
