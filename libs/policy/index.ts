export * from './policy.port.js';
export * from './policy-bundle.js';
export { CedarPolicyEngine } from './cedar-policy.engine.js';
export { defaultBundleSource } from './default-bundle.js';
