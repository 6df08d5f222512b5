import { readFileSync } from 'node:fs';
import type { PolicyBundleSource } from './policy-bundle.js';

/** Raised with every change to the files in `default/`; decisions already made keep naming the version they used. */
const DEFAULT_BUNDLE_VERSION = '1.0.0';

/** The bundle of a tenant that has none of its own: ordinary purchases pass, a few categories do not. */
export function defaultBundleSource(): PolicyBundleSource {
  return {
    name: 'default',
    version: DEFAULT_BUNDLE_VERSION,
    policies: read('default/policies.cedar'),
    schema: read('default/schema.cedarschema'),
  };
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
