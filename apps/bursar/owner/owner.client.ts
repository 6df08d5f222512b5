import { type IncomingMessage, request as send } from 'node:http';
import { createInterface } from 'node:readline';
import type { ProblemCode } from '#contracts';
import type { RebuiltProjection } from '#runtime/projection';
import {
  OwnerRefusal,
  type OwnerWork,
  type ProvidedTenant,
  type RebuildProgress,
} from './owner.port.js';

/** Nobody listens behind the door. */
export class NobodyHomeError extends Error {
  constructor(path: string, options?: { cause?: unknown }) {
    super(`no server listens on ${path}`, options);
    this.name = 'NobodyHomeError';
  }
}

type Line = RebuildProgress | RebuiltProjection | { code: ProblemCode; detail: string };

/** The owner's work, done by the server that listens on `path`. @throws NobodyHomeError */
export function knockingAt(path: string): OwnerWork {
  return {
    createTenant: async (name) => {
      const lines = await linesOf(await post(path, '/tenants', { name }));
      return checked(JSON.parse(lines.join('')) as ProvidedTenant);
    },
    rebuildProjections: async (name, onProgress) => {
      const response = await post(path, '/projections/rebuild', name === null ? {} : { name });
      const rebuilt: RebuiltProjection[] = [];
      await linesOf(response, (text) => {
        const line = checked(JSON.parse(text) as Line);
        if ('sha256' in line) rebuilt.push(line);
        else onProgress(line);
      });
      return rebuilt;
    },
  };
}

function checked<T extends object>(answer: T | { code: ProblemCode; detail: string }): T {
  if ('code' in answer) throw new OwnerRefusal(answer.code, answer.detail);
  return answer;
}

function post(socketPath: string, path: string, body: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send({ socketPath, path, method: 'POST', agent: false }, resolve);
    request.once('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(nobody ? new NobodyHomeError(socketPath, { cause: error }) : error);
    });
    request.end(JSON.stringify(body));
  });
}

/** @throws Error when the server ended before its answer did */
async function linesOf(
  response: IncomingMessage,
  onLine: (line: string) => void = () => undefined,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: response })) {
    lines.push(line);
    onLine(line);
  }
  if (!response.complete) throw new Error('the server ended before it had answered');
  return lines;
}
