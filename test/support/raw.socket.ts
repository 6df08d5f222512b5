import { connect } from 'node:net';

/**
 * Sends bytes that no HTTP library would send and gives what came back until the server closed the connection, or until nothing
 * more came for `quietMs`. The caller asks for `connection: close` where a whole answer matters.
 */
export function sendRaw(port: number, bytes: string | Buffer, quietMs = 3_000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset is one of the ways to refuse; what came before it is the answer.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** Sends the beginning of a request and hangs up. */
export function sendAndHangUp(port: number, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.write(bytes, () => socket.resetAndDestroy());
    });
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}

export interface RawAnswer {
  status: number;
  contentType: string;
  body: unknown;
}

/** Reads what `sendRaw` gave as one HTTP answer with a plain JSON body. */
export function readRaw(text: string): RawAnswer {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const contentType = /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? '';
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  try {
    return { status, contentType, body: JSON.parse(body) };
  } catch {
    return { status, contentType, body };
  }
}
