import { once } from 'node:events';
import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * One kept-alive connection, one request at a time, as little work as possible: the load shares the processor's cores with
 * what it measures.
 * @param {string} url
 */
export async function openConnection(url) {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let waiting;
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = answerIn(received);
    if (!answer) return;
    received = Buffer.alloc(0);
    waiting?.resolve(answer);
  });
  const fail = (error) => waiting?.reject(error ?? new Error(`${host} closed the connection`));
  socket.on('error', fail);
  socket.on('close', () => fail());

  return {
    close: () => void socket.destroy(),
    /**
     * @param {string} method
     * @param {string} path
     * @param {Record<string, string>} headers
     * @param {unknown} [json]
     * @returns {Promise<{ status: number, body: string }>}
     */
    send: (method, path, headers, json) => {
      const body = json === undefined ? '' : JSON.stringify(json);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const type = body && 'content-type: application/json\r\n';
      const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
      socket.write(
        `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}${type}${length}\r\n${body}`,
      );
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
  };
}

/** The whole answer, or undefined while a part is missing. */
function answerIn(bytes) {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!length) throw new Error(`an answer without a length:\n${head}`);
  const start = end + END_OF_HEAD.length;
  if (bytes.length < start + Number(length[1])) return undefined;
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', start) };
}

/**
 * One request on a connection of its own.
 * @param {string} url
 * @param {string} method
 * @param {{ key?: string, headers?: Record<string, string>, json?: unknown }} [call]
 */
export async function request(url, method, { key, headers = {}, json } = {}) {
  const { origin, pathname } = new URL(url);
  const connection = await openConnection(origin);
  try {
    const identity = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const answer = await connection.send(method, pathname, { ...identity, ...headers }, json);
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`);
    return answer.body;
  } finally {
    connection.close();
  }
}
