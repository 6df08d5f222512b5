import type { Terminal } from './terminal.js';

export interface OptionFacts {
  type: 'string' | 'boolean';
  /** What stands for its value in the usage. */
  value?: string;
  summary: string;
}

/** What was asked for, with nothing left over. */
export interface Asked {
  positionals: readonly string[];
  options: Readonly<Record<string, string | undefined>>;
  json: boolean;
  /** Absolute. */
  dataDir: string;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
}

/** One command: all there is to know to parse it, to explain it and to run it. */
export interface Command {
  /** Its words, such as `payments get`. */
  name: string;
  summary: string;
  /** Names of its positional arguments; those in brackets may be left out. */
  positionals: readonly string[];
  options: Readonly<Record<string, OptionFacts>>;
  /** More than the summary says, as whole sentences. */
  details?: string;
  example: string;
  /** @throws CommandFailure */
  run(asked: Asked): Promise<void>;
}

export const DATA_DIR: Readonly<Record<string, OptionFacts>> = {
  'data-dir': {
    type: 'string',
    value: 'folder',
    summary: 'the data folder (default: $BURSAR_DATA_DIR, or ./data)',
  },
};

export const JSON_OUT: Readonly<Record<string, OptionFacts>> = {
  json: { type: 'boolean', summary: 'print JSON and nothing else' },
};

/** Of every command that asks a running server over its API. */
export const API_OPTIONS: Readonly<Record<string, OptionFacts>> = {
  ...DATA_DIR,
  tenant: {
    type: 'string',
    value: 'name',
    summary: 'whose credentials to use (default: sandbox, the tenant of the first start)',
  },
  url: {
    type: 'string',
    value: 'url',
    summary: 'where the server is (default: as the credentials say)',
  },
  ...JSON_OUT,
};
