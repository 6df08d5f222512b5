import { type Type, applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiParam,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode, ProblemResource } from '#contracts';

export interface Documentation {
  /** What is answered, by status. */
  answers: Readonly<Record<number, Type | { pageOf: Type }>>;
  /** Codes of this operation, besides those that all have. */
  problems?: readonly ProblemCode[];
  /** Class of the body; its presence makes the operation one with an idempotency key. */
  body?: Type;
  query?: Type;
  /** Names of path parameters. */
  params?: readonly string[];
  /** Whether `Prefer` is understood. */
  prefer?: boolean;
}

const EVERYWHERE: readonly ProblemCode[] = [
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'overloaded',
  'store_unavailable',
  'internal',
];
const WITH_BODY: readonly ProblemCode[] = [
  'malformed_json',
  'payload_too_large',
  'idempotency_key_required',
  'idempotency_key_invalid',
  'idempotency_key_reused',
];

/** What OpenAPI says about an operation. */
export function Documented({
  answers,
  problems = [],
  body,
  query,
  params = [],
  prefer = false,
}: Documentation): MethodDecorator {
  const codes = new Set([...EVERYWHERE, ...(body ? WITH_BODY : []), ...problems]);
  return applyDecorators(
    ApiBearerAuth(),
    ApiExtraModels(ProblemResource, ...Object.values(answers).map(modelOf)),
    ...params.map((name) => ApiParam({ name, schema: { type: 'string', maxLength: 64 } })),
    ...(query ? [ApiQuery({ type: query })] : []),
    ...(body ? [ApiBody({ type: body }), idempotencyKey()] : []),
    ...(prefer ? [preference()] : []),
    ...Object.entries(answers).map(([status, answer]) => answerOf(Number(status), answer)),
    ...problemsByStatus(codes).map(problemOf),
  );
}

/** What OpenAPI says about the refusals of an operation that has no key and no JSON of ours. */
export function Refuses(...codes: readonly ProblemCode[]): MethodDecorator {
  const byStatus = problemsByStatus(new Set(codes));
  return applyDecorators(ApiExtraModels(ProblemResource), ...byStatus.map(problemOf));
}

function modelOf(answer: Type | { pageOf: Type }): Type {
  return typeof answer === 'function' ? answer : answer.pageOf;
}

function answerOf(status: number, answer: Type | { pageOf: Type }): MethodDecorator {
  const item = { $ref: getSchemaPath(modelOf(answer)) };
  const page = {
    type: 'object',
    required: ['data', 'next_cursor'],
    properties: {
      data: { type: 'array', items: item },
      next_cursor: { type: 'string', nullable: true },
    },
  };
  const description = status === 202 ? 'Not concluded yet; look again at Location.' : 'Answered.';
  const headers: Record<string, { schema: { type: 'string' } }> =
    status === 202 ? { Location: { schema: { type: 'string' } } } : {};
  const schema = typeof answer === 'function' ? item : page;
  return ApiResponse({ status, description, headers, content: { 'application/json': { schema } } });
}

function problemsByStatus(codes: ReadonlySet<ProblemCode>): [number, ProblemCode[]][] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus];
}

function problemOf([status, codes]: [number, ProblemCode[]]): MethodDecorator {
  const schema = {
    allOf: [
      { $ref: getSchemaPath(ProblemResource) },
      { type: 'object', properties: { code: { type: 'string', enum: codes } } },
    ],
  };
  const description = codes.map((code) => PROBLEMS[code].title).join(' · ');
  return ApiResponse({ status, description, content: { 'application/problem+json': { schema } } });
}

function idempotencyKey(): MethodDecorator {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description: 'The same key with the same request has the same answer, for ever.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  });
}

function preference(): MethodDecorator {
  return ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=<seconds>` (default 10, at most 30) for a conclusion, or `respond-async`.',
    schema: { type: 'string' },
  });
}
