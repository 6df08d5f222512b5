import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { HttpRequest } from '#platform';

/** Adyen's own documents, where they are at hand beside the project. */
const CHECKOUT = '../shared/data/adyen-checkout-v71.json';
const WEBHOOKS = '../shared/data/adyen-webhooks-v1.json';

interface Operation {
  parameters?: { name?: string; in?: string; required?: boolean; $ref?: string }[];
  requestBody?: {
    content: {
      'application/json': { schema: { $ref: string }; examples?: Record<string, Reference> };
    };
  };
  responses: Record<
    string,
    { content?: { 'application/json'?: { examples?: Record<string, Reference> } } }
  >;
}

interface Reference {
  $ref: string;
}

interface OpenApi {
  paths?: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, unknown>;
  components: { schemas: Record<string, object>; examples: Record<string, { value?: unknown }> };
}

const read = (path: string): OpenApi | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as OpenApi) : undefined;

const checkout = read(CHECKOUT);
const webhooks = read(WEBHOOKS);

/** Checks requests against the Checkout API, v71. */
class Specification {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenApi) {
    addFormats.default(this.ajv);
    this.ajv.addFormat('int32', true);
    this.ajv.addFormat('int64', true);
    this.ajv.addSchema(document, 'checkout');
  }

  /** Empty for a request that the specification allows. */
  problemsOf({ method, url, headers = {}, body }: HttpRequest): string[] {
    const { pathname, searchParams } = new URL(url);
    const path = pathname
      .replace(/^\/v71/, '')
      .replace(/^\/payments\/[^/]+\//, '/payments/{paymentPspReference}/');
    const operation = this.document.paths?.[path]?.[method.toLowerCase()];
    if (!operation) return [`there is no ${method} ${path}`];
    const problems = headers['x-api-key'] ? [] : ['no API key'];
    const known = (operation.parameters ?? []).filter((each) => each.in === 'query');
    for (const name of searchParams.keys()) {
      if (!known.some((each) => each.name === name)) problems.push(`unknown parameter ${name}`);
    }
    const reference = operation.requestBody?.content['application/json'].schema.$ref;
    if (reference === undefined) return problems;
    const key = headers['idempotency-key'] ?? '';
    if (key === '' || key.length > 64) problems.push(`the key has ${key.length} characters`);
    const validate = this.validatorOf(reference);
    if (!validate(JSON.parse(body ?? ''))) problems.push(this.ajv.errorsText(validate.errors));
    return problems;
  }

  private validatorOf(reference: string): ValidateFunction {
    const known = this.validators.get(reference);
    if (known) return known;
    const validate = this.ajv.compile({ $ref: `checkout${reference}` });
    this.validators.set(reference, validate);
    return validate;
  }
}

export const adyenSpecification = checkout && new Specification(checkout);

export interface PairedExample {
  method: string;
  path: string;
  name: string;
  request: unknown;
  status: number;
  response: unknown;
}

/** Every example that has a request and an answer of the same name. */
export const adyenPairedExamples: readonly PairedExample[] = Object.entries(
  checkout?.paths ?? {},
).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { requestBody, responses }]) =>
    Object.entries(requestBody?.content['application/json'].examples ?? {}).flatMap(
      ([name, request]) =>
        Object.entries(responses).flatMap(([status, { content }]) => {
          const response = content?.['application/json']?.examples?.[name];
          return response
            ? [
                {
                  ...{ method, path, name, status: Number(status) },
                  request: exampleOf(request),
                  response: exampleOf(response),
                },
              ]
            : [];
        }),
    ),
  ),
);

function exampleOf({ $ref }: Reference): unknown {
  return checkout?.components.examples[$ref.split('/').at(-1) ?? '']?.value;
}

/** Every example of a webhook, by name. */
export const adyenWebhookExamples: readonly (readonly [name: string, body: unknown])[] =
  Object.entries(webhooks?.components.examples ?? {}).map(
    ([name, { value }]) => [name.replace(/^post-/, ''), value] as const,
  );

/** All event codes that Adyen publishes. */
export const adyenEventCodes: readonly string[] = Object.keys(webhooks?.webhooks ?? {}).map(
  (path) => path.slice(1),
);
