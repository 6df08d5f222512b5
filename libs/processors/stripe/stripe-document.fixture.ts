import { existsSync, readFileSync } from 'node:fs';
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import type { HttpRequest } from '#platform';

/** Stripe's OpenAPI document (API 2020-08-27), which is no part of the project. */
const DOCUMENT = new URL(
  '../../../../shared/data/stripe-openapi-payments-2022-04.json',
  import.meta.url,
);

interface Parameter {
  name: string;
  in: string;
  schema: AnySchema;
}

interface DocumentedOperation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: AnySchema }> };
}

export interface StripeDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  validators: Map<AnySchema, ValidateFunction>;
}

/** Undefined where the document is not at hand. */
export function openStripeDocument(): StripeDocument | undefined {
  if (!existsSync(DOCUMENT)) return undefined;
  const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as StripeDocument;
  return { paths, validators: new Map() };
}

const ajv = new Ajv({
  ...{ strict: false, coerceTypes: true, allErrors: true },
  formats: { 'unix-time': true },
});

/** What of a request the document contradicts. It is older than the API version in use: names it lacks are no error. */
export function disagreements(
  document: StripeDocument,
  { method, url, body = '' }: HttpRequest,
): string[] {
  const { pathname, search } = new URL(url);
  const found = operationOf(document, method, pathname);
  if (!found) return [`${method} ${pathname} is not documented`];
  const form = decoded(method === 'GET' ? search.slice(1) : body);
  const schema = method === 'GET' ? querySchemaOf(found) : bodySchemaOf(found);
  const validate = document.validators.get(schema) ?? ajv.compile(schema);
  document.validators.set(schema, validate);
  if (validate(form)) return [];
  return (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== 'additionalProperties')
    .map(({ instancePath, message }) => `${method} ${pathname} ${instancePath}: ${message}`);
}

function operationOf({ paths }: StripeDocument, method: string, pathname: string) {
  const [path] = Object.keys(paths)
    .filter((each) => new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname))
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return path === undefined ? undefined : paths[path]?.[method.toLowerCase()];
}

const bodySchemaOf = ({ requestBody }: DocumentedOperation): AnySchema =>
  requestBody?.content['application/x-www-form-urlencoded']?.schema ?? { type: 'object' };

const querySchemas = new WeakMap<DocumentedOperation, AnySchema>();

function querySchemaOf(operation: DocumentedOperation): AnySchema {
  const known = querySchemas.get(operation);
  if (known) return known;
  const query = (operation.parameters ?? []).filter((each) => each.in === 'query');
  const schema = {
    type: 'object',
    properties: Object.fromEntries(query.map((each) => [each.name, each.schema])),
  };
  querySchemas.set(operation, schema);
  return schema;
}

type Decoded = string | Decoded[] | { [name: string]: Decoded };

/** `style: deepObject, explode: true`: `a[b]=1` is an object, `a[0]=1` is a list. */
function decoded(text: string): Decoded {
  const root: Record<string, Decoded> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '');
    let current = root;
    for (const part of path.slice(0, -1)) {
      current = (current[part] ??= {}) as Record<string, Decoded>;
    }
    current[path.at(-1) ?? ''] = value;
  }
  return listed(root);
}

function listed(value: Decoded): Decoded {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, listed(each)] as const);
  return entries.length > 0 && entries.every(([name], index) => name === String(index))
    ? entries.map(([, each]) => each)
    : Object.fromEntries(entries);
}
