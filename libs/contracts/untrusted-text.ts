const TEXT_MAX = 500;
/** Control, invisible, unassigned and half characters, and all white space: what could hide or break something. */
const UNPRINTABLE = /[\p{C}\p{Z}]+/gu;

/** Text from outside, made safe to be shown as data: capped (in characters), without control characters. */
export function cleanText(text: string, max = TEXT_MAX): string {
  const printable = text
    .slice(0, max * 4)
    .replace(UNPRINTABLE, ' ')
    .trim();
  return [...printable].slice(0, max).join('');
}
