import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

/** Sends one notification and tells whether it was taken: answered 2xx. Never rejects. */
export type WebhookPost = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
) => Promise<boolean>;

const ANSWER_WITHIN_MS = 10_000;

export const postOverHttp: WebhookPost = (url, body, headers) =>
  new Promise((resolve) => {
    const request = url.startsWith('https:') ? requestTls : requestPlain;
    const sent = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        timeout: ANSWER_WITHIN_MS,
      },
      (response) => {
        response.resume();
        const { statusCode = 0 } = response;
        resolve(statusCode >= 200 && statusCode < 300);
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end(body);
  });
