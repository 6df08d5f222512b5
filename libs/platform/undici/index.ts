export { UndiciHttpClient, type UndiciHttpClientOptions } from './undici.http-client.js';
export { OutwardHttpClient, type OutwardHttpClientOptions } from './outward.http-client.js';
