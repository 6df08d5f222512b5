import { Agent } from 'undici';
import {
  HttpClient,
  type HttpRequest,
  type HttpResponse,
  HttpTransportError,
} from '../http-client.port.js';
import { HttpExchange } from './http-exchange.js';

export interface UndiciHttpClientOptions {
  /** Default 300 ms: a partition met while connecting is then a proven non-execution. */
  connectTimeoutMs?: number;
  /** How long an idle socket is kept, whatever the server offers. Default 4,000 ms. */
  keepAliveMs?: number;
  /** Sockets to one origin. Default 256; further requests wait. */
  connectionsPerOrigin?: number;
}

export class UndiciHttpClient extends HttpClient {
  private readonly agent: Agent;

  constructor(options: UndiciHttpClientOptions = {}) {
    super();
    const { connectTimeoutMs = 300, keepAliveMs = 4_000, connectionsPerOrigin = 256 } = options;
    this.agent = new Agent({
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connections: connectionsPerOrigin,
      pipelining: 1,
    });
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (request.signal?.aborted) {
        reject(new HttpTransportError('not_sent', 'aborted'));
        return;
      }
      const exchange = new HttpExchange(request.signal, resolve, reject);
      try {
        const { origin, pathname, search } = new URL(request.url);
        const { method, headers, body } = request;
        this.agent.dispatch({ origin, path: pathname + search, method, headers, body }, exchange);
      } catch (error) {
        exchange.refuse(error);
      }
    });
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}
