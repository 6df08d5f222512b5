import { parseArgs } from 'node:util';

const USUAL = {
  folder: { type: 'string' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/**
 * Reads the command line. Where there is nothing to run it says why and ends the process: 0 after `--help`, else 2.
 * @param {string} usage
 * @param {Record<string, number>} numbers options that are numbers above 0, with what they are by default
 * @returns {any} the options by name
 */
export function readOptions(usage, numbers) {
  const texts = Object.keys(numbers).map((name) => [name, { type: 'string' }]);
  let values;
  try {
    ({ values } = parseArgs({ options: { ...USUAL, ...Object.fromEntries(texts) } }));
  } catch (error) {
    return end(2, `${error.message}\n\n${usage}`);
  }
  if (values.help) return end(0, usage);
  for (const [name, usual] of Object.entries(numbers)) {
    const number = Number(values[name] ?? usual);
    if (!(number > 0)) return end(2, `--${name} is a number above 0, not "${values[name]}".\n`);
    values[name] = number;
  }
  return values;
}

function end(code, text) {
  process[code === 0 ? 'stdout' : 'stderr'].write(text);
  process.exit(code);
}
