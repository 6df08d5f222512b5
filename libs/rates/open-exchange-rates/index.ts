export {
  OPEN_EXCHANGE_RATES_URL,
  type OpenExchangeRatesSettings,
  OpenExchangeRatesSource,
} from './open-exchange-rates.source.js';
