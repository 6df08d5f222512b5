import { lockDataFolder } from './data-folder.lock.js';

/** Holds the lock of a folder until it is killed, for tests. */
lockDataFolder(process.argv[2] ?? '');
process.stdout.write('locked\n');
setInterval(() => {}, 1_000_000);
