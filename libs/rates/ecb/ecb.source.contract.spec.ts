import { describeRateSource } from '../rate-source.contract.js';
import { dailyXml } from './ecb.fixture.js';
import { EcbRateSource } from './index.js';

describeRateSource('ecb', {
  create: (http) => new EcbRateSource(http),
  base: 'EUR',
  asOf: Date.UTC(2025, 9, 21, 12),
  document: (asOf, rates) => dailyXml(new Date(asOf).toISOString().slice(0, 10), rates),
});
