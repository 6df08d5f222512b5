import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface ComposeService {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  profiles?: string[];
  ports?: string[];
  secrets?: { source: string; target: string }[];
  volumes?: string[];
  [key: string]: unknown;
}

export interface Compose {
  services: Record<string, ComposeService>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
}

const PATH = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));

export function readCompose(): Compose {
  return parse(readFileSync(PATH, 'utf8'), { merge: true }) as Compose;
}

/** What a service of ours runs, after `node`. */
export function commandOf(service: ComposeService | undefined): {
  program: string;
  args: string[];
} {
  const [node, program, ...args] = service?.command ?? [];
  if (node !== 'node' || program === undefined) throw new Error('not a service of ours');
  return { program, args };
}
