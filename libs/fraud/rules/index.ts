export { RulesFraudProvider } from './rules.provider.js';
export type { VelocityLimits } from './velocity.rules.js';
