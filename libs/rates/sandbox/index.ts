export { discoverSandboxRates } from './sandbox.discovery.js';
export { SandboxRateSource } from './sandbox.source.js';
