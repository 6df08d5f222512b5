import { Agent } from 'undici';
import { isGlobalAddress } from '../global-address.js';
import {
  HttpClient,
  type HttpRequest,
  type HttpResponse,
  HttpTransportError,
} from '../http-client.port.js';
import { type Lookup, checkedConnector } from './checked.connector.js';
import { HttpExchange } from './http-exchange.js';

export interface OutwardHttpClientOptions {
  /** Which addresses may be connected to. Default: hosts of the internet. */
  mayConnect?: (address: string) => boolean;
  /** Default 3,000 ms. */
  connectTimeoutMs?: number;
  /** Of a longer answer only the beginning is read. Default 65,536. */
  bodyBytesMax?: number;
  lookup?: Lookup;
}

/** HTTP to whoever others named: connects to nobody inside, reads no more than a little, and keeps no socket for long. */
export class OutwardHttpClient extends HttpClient {
  private readonly agent: Agent;
  private readonly bodyBytesMax: number;

  constructor(options: OutwardHttpClientOptions = {}) {
    super();
    const { mayConnect = isGlobalAddress, connectTimeoutMs = 3_000, lookup } = options;
    this.bodyBytesMax = options.bodyBytesMax ?? 65_536;
    this.agent = new Agent({
      connect: checkedConnector(mayConnect, { timeoutMs: connectTimeoutMs, lookup }),
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 4_000,
      pipelining: 1,
    });
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (request.signal?.aborted) {
        reject(new HttpTransportError('not_sent', 'aborted'));
        return;
      }
      const limits = { bodyBytesMax: this.bodyBytesMax, cutsBody: true };
      const exchange = new HttpExchange(request.signal, resolve, reject, limits);
      try {
        const { origin, pathname, search } = new URL(request.url);
        const { method, headers, body } = request;
        this.agent.dispatch({ origin, path: pathname + search, method, headers, body }, exchange);
      } catch (error) {
        exchange.refuse(error);
      }
    });
  }

  /** Ends what is on its way. */
  close(): Promise<void> {
    return this.agent.destroy();
  }
}
