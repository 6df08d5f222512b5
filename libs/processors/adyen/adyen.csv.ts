const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** RFC 4180, each line by the names of the first one; undefined for what is none. */
export function parseCsv(text: string): Record<string, string>[] | undefined {
  const lines = linesOf(text.replace(/^\uFEFF/, ''));
  const [names, ...rows] = lines ?? [];
  if (!names || rows.some((row) => row.length !== names.length)) return undefined;
  return rows.map((row) =>
    Object.fromEntries(names.map((name, index) => [name, row[index] ?? ''])),
  );
}

function linesOf(text: string): string[][] | undefined {
  const lines: string[][] = [];
  let line: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length) {
    const found = FIELD.exec(text);
    if (!found) return undefined;
    const [, quoted, plain = '', end] = found;
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return line.length > 0 ? [...lines, [...line, '']] : lines;
}
