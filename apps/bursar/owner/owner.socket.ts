import { createHash } from 'node:crypto';
import { lstatSync, realpathSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Systems take 104 or 108 bytes. */
const PATH_BYTES_MAX = 100;

/** The socket of a data folder that exists: in it, or under a name made from its own where that would be too long. */
export function ownerSocketPath(dataDir: string): string {
  const folder = realpathSync(dataDir);
  const path = join(folder, 'owner.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return join(tmpdir(), `bursar-${name}.sock`);
}

/** Nobody but the owner of this process can connect. The data folder is locked, so a socket that is there is stale. */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (isSocket(path)) rmSync(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket comes into being with its mode: there is no moment at which others could connect.
    const umask = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(umask);
    }
  });
}

/** Whether there is a socket of the folder's owner, or of this user: where all may write, it could be anybody's. */
export function isOwnSocket(path: string, dataDir: string): boolean {
  if (!isSocket(path)) return false;
  return [statSync(dataDir).uid, process.getuid?.()].includes(lstatSync(path).uid);
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}
