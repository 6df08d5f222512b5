/** The text means no JSON, or not the same to everybody. The message never holds anything of the text. */
export class MalformedJsonError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'MalformedJsonError';
  }
}

const DEPTH_MAX = 16;

/**
 * JSON as one text can mean it to everybody: valid UTF-8, at most 16 levels deep, no name twice in an object, no `__proto__`.
 * @throws MalformedJsonError
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = utf8(bytes);
  // Before parsing: the parser itself recurses.
  const members = membersIn(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedJsonError('The body is not JSON.');
  }
  if (distinctMembers(value) !== members)
    throw new MalformedJsonError('A name occurs twice in one object.');
  return value;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MalformedJsonError('The body is not valid UTF-8.');
  }
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** How many members the text gives its objects: the colons outside strings. Refuses what is nested too deep. */
function membersIn(text: string): number {
  let [depth, members] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) index = endOfString(text, index + 1);
    else if (character === COLON) members += 1;
    else if (OPENING.has(character)) depth += 1;
    else if (CLOSING.has(character)) depth -= 1;
    if (depth > DEPTH_MAX)
      throw new MalformedJsonError(`The body is nested deeper than ${DEPTH_MAX} levels.`);
  }
  return members;
}

/** Index of the closing quote, or the end of the text. */
function endOfString(text: string, from: number): number {
  let index = from;
  while (index < text.length) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) return index;
    index += character === BACKSLASH ? 2 : 1;
  }
  return index;
}

/** How many members are left after parsing: fewer than the text gave when a name occurred twice. */
function distinctMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  for (const item of Object.values(value)) members += distinctMembers(item);
  if (Array.isArray(value)) return members;
  if (Object.hasOwn(value, '__proto__'))
    throw new MalformedJsonError('The name __proto__ is not accepted.');
  return members + Object.keys(value).length;
}
