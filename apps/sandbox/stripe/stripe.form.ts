import type { IncomingMessage } from 'node:http';
import { readText } from '../json-http.js';

/** What a form says: texts, lists and objects of the same. Objects have no prototype, so no name in one is special. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = Record<string, FormValue>;

const PAIRS_MAX = 500;
const DEPTH_MAX = 6;

/** Reads the body of a request as a form; an absent body is an empty one. */
export const readForm = async (request: IncomingMessage): Promise<Form> =>
  parseForm(await readText(request));

/** `a=1&b[c]=2&d[0]=3&d[1]=4`, and `d[]=3`, as Stripe takes bodies and queries. What cannot be read is left out. */
export function parseForm(text: string): Form {
  const form = emptyObject();
  const pairs = [...new URLSearchParams(text)].slice(0, PAIRS_MAX);
  for (const [name, value] of pairs) {
    const path = pathOf(name);
    if (path) place(form, path, value);
  }
  return withLists(form) as Form;
}

/** `a[b][0]` is `a`, `b`, `0`. */
function pathOf(name: string): string[] | undefined {
  const found = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!found) return undefined;
  const [, first = '', rest = ''] = found;
  const path = [first, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, part = '']) => part)];
  return path.length <= DEPTH_MAX ? path : undefined;
}

function place(form: Form, path: readonly string[], value: string): void {
  let current = form;
  for (const part of path.slice(0, -1)) {
    const name = part === '' ? String(Object.keys(current).length) : part;
    const next = current[name];
    if (typeof next === 'string') return;
    current = (next ?? (current[name] = emptyObject())) as Form;
  }
  const last = path.at(-1) ?? '';
  current[last === '' ? String(Object.keys(current).length) : last] = value;
}

/** Objects whose names are 0, 1, 2 … are lists. */
function withLists(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, withLists(each)] as const);
  if (entries.length > 0 && entries.every(([name], index) => name === String(index))) {
    return entries.map(([, each]) => each);
  }
  const object = emptyObject();
  for (const [name, each] of entries) object[name] = each;
  return object;
}

const emptyObject = (): Form => Object.create(null) as Form;
