/** What the fuzzer needs to know of a JSON schema. */
export interface Schema {
  type?: string | string[];
  enum?: string[];
  example?: unknown;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  maxProperties?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  $ref?: string;
}

export interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

/** One operation as the document promises it. */
export interface Operation {
  method: string;
  /** With its parameters in braces. */
  path: string;
  parameters: Parameter[];
  /** Null where no body is taken. */
  body: Schema | null;
  /** Every status it may answer; problem codes of the refusals, none for the others. */
  answers: ReadonlyMap<number, readonly string[]>;
}

interface Content {
  content?: Record<string, { schema: Schema }>;
}

interface DocumentedOperation {
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema> };
}

/** Every operation of a document, its schemas without references. */
export function operationsOf({ paths, components }: OpenApiDocument): Operation[] {
  const plain = (schema: Schema): Schema => dereferenced(schema, components.schemas);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => {
      const body = requestBody?.content?.['application/json']?.schema;
      return {
        method: method.toUpperCase(),
        path,
        parameters: parameters.map((each) => ({ ...each, schema: plain(each.schema) })),
        body: body ? plain(body) : null,
        answers: new Map(
          Object.entries(responses).map(([status, answer]) => [Number(status), codesOf(answer)]),
        ),
      };
    }),
  );
}

function codesOf({ content }: Content): readonly string[] {
  const problem = content?.['application/problem+json']?.schema;
  return problem?.allOf?.flatMap(({ properties }) => properties?.['code']?.enum ?? []) ?? [];
}

function dereferenced(schema: Schema, named: Record<string, Schema>): Schema {
  const { $ref, allOf, ...own } = schema;
  const others = [...($ref ? [named[$ref.split('/').at(-1) ?? '']] : []), ...(allOf ?? [])];
  const whole: Schema = Object.assign({}, ...others.map((s) => dereferenced(s ?? {}, named)), own);
  if (whole.items) whole.items = dereferenced(whole.items, named);
  if (whole.properties) {
    whole.properties = Object.fromEntries(
      Object.entries(whole.properties).map(([name, each]) => [name, dereferenced(each, named)]),
    );
  }
  return whole;
}

/** The operation that a request of this method and target reaches, or null when none is documented. */
export function operationAt(
  operations: readonly Operation[],
  method: string,
  target: string,
): Operation | null {
  const segments = pathOf(target).split('/').map(decoded);
  const wanted = method === 'HEAD' ? 'GET' : method;
  const fits = ({ method: own, path }: Operation) => {
    const template = path.split('/');
    return (
      own === wanted &&
      template.length === segments.length &&
      template.every((part, index) => part === segments[index] || part.startsWith('{'))
    );
  };
  return operations.find(fits) ?? null;
}

/** The path of a target, also of one in absolute form. */
export function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '';
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
