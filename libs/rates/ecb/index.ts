export { ECB_DAILY_URL, EcbRateSource } from './ecb.source.js';
