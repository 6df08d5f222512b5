import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UndiciHttpClient } from '#platform/undici';
import type { Processor } from '#processors';
import { createAdyenProcessor } from '#processors/adyen';
import { createSandboxProcessor } from '#processors/sandbox';
import { createStripeProcessor } from '#processors/stripe';
import { CAPABILITIES_PAGE, capabilitiesTable, withCapabilities } from './capabilities.table.js';

const PAGE = new URL(`../../${CAPABILITIES_PAGE}`, import.meta.url);
const BASE_URL = 'https://processor.example';
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;

let http: UndiciHttpClient;
let processors: Processor[];
beforeAll(() => {
  http = new UndiciHttpClient();
  const sandbox = (name: string, authorization: 'one_step' | 'two_step') =>
    createSandboxProcessor(
      { name, authorization, baseUrl: BASE_URL, authorizationValidForMs: WEEK_MS },
      http,
    );
  const returnUrl = BASE_URL;
  processors = [
    sandbox('sandbox_a', 'two_step'),
    sandbox('sandbox_b', 'one_step'),
    createStripeProcessor({ name: 'stripe', secretKey: 'sk_test_none' }, http),
    createAdyenProcessor(
      { name: 'adyen', apiKey: 'none', merchantAccount: 'None', baseUrl: BASE_URL, returnUrl },
      http,
    ),
  ];
});
afterAll(() => http.close());

describe('the table of capabilities', () => {
  it('says what the processors state', () => {
    const page = readFileSync(PAGE, 'utf8');
    const recorded = withCapabilities(page, capabilitiesTable(processors));
    if (process.env['RECORD']) writeFileSync(PAGE, recorded);
    else expect(page).toBe(recorded);
  });

  it('has a column for each processor and tells them apart', () => {
    const table = capabilitiesTable(processors);
    expect(table).toMatch(
      /^\| capability +\| `sandbox_a` +\| `sandbox_b` +\| `stripe` +\| `adyen` /,
    );
    expect(table).toMatch(/\| fence +\| yes +\| no +\| yes +\| no +\|/);
    expect(table).toMatch(
      /\| a key is sent again for +\| \S+ \S+ +\| \S+ \S+ +\| 20 h +\| 6 days +\|/,
    );
    expect(table).toMatch(/\| a money call is waited for +\| 1 s +\| 1 s +\| 8 s +\| 8 s +\|/);
  });

  it('that is not there is caught', () => {
    expect(() => withCapabilities('# Adding a processor', '')).toThrow('has no markers');
  });
});
