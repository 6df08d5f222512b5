import { existsSync } from 'node:fs';
import type { RebuiltProjection } from '#runtime/projection';
import { SystemClock, SystemTimers } from '#platform/system';
import { LogDamagedError } from '#event-store';
import { DataFolderLockedError, UnknownFileError } from '#sqlite';
import { NobodyHomeError, knockingAt } from '../owner/owner.client.js';
import { OwnerRefusal, type OwnerWork, type RebuildProgress } from '../owner/owner.port.js';
import { isOwnSocket, ownerSocketPath } from '../owner/owner.socket.js';
import { natsAccessOf } from '../nats.settings.js';
import { filesOf, readSettings } from '../settings.js';
import { type Asked, type Command, DATA_DIR, JSON_OUT } from './command.js';
import { CommandFailure } from './failures.js';
import { table } from './table.js';

/** How long a server that is starting or ending is waited for. */
const WAIT_MS = 15_000;
const BAR_WIDTH = 30;

const create: Command = {
  name: 'tenants create',
  summary: 'a tenant of its own, with people, an agent and a mandate',
  positionals: ['name'],
  options: {
    ...DATA_DIR,
    ...JSON_OUT,
    url: {
      type: 'string',
      value: 'url',
      summary: 'of a gateway of the distributed form, whose processes are then asked over NATS',
    },
  },
  details: `Writes the credentials of the tenant to tenants/<name>.json in the data folder, readable by you only. A name that
is there already gets the credentials that it has. Works whether or not a server runs on the folder. With --url, the
processes of the distributed form are asked: BURSAR_NATS_URL and BURSAR_NATS_NKEY_FILE say how.`,
  example: 'bursar tenants create acme',
  run: async (asked) => {
    const [name = ''] = asked.positionals;
    const { url } = asked.options;
    const { path, credentials } =
      url === undefined
        ? await asOwner(asked, (work) => work.createTenant(name))
        : await overNats(asked, name, url);
    if (asked.json) return asked.terminal.out(JSON.stringify({ path, credentials }));
    asked.terminal.out(`Tenant       ${name} (${credentials.tenant})`);
    asked.terminal.out(`Credentials  ${path}`);
  },
};

const rebuild: Command = {
  name: 'projections rebuild',
  summary: 'fills one read model, or all, again from the log',
  positionals: ['[name]'],
  options: { ...DATA_DIR, ...JSON_OUT },
  details: `A running server goes on answering from the rows it has until the new ones replace them. Ends with the rows and
a digest of each, and whether they are what they were before, at the same position of the log.`,
  example: 'bursar projections rebuild ledger',
  run: async (asked) => {
    const [name = null] = asked.positionals;
    if (!existsSync(filesOf(asked.dataDir).events))
      throw new CommandFailure(
        `There is no log in ${asked.dataDir}: name the folder with --data-dir.`,
      );
    const progress = progressOn(asked);
    const rebuilt = await asOwner(asked, (work) =>
      work.rebuildProjections(name, progress.show),
    ).finally(progress.end);
    if (asked.json) asked.terminal.out(JSON.stringify({ data: rebuilt }));
    else show(asked, rebuilt, progress.firstHead());
    if (rebuilt.some(isDifferent))
      throw new CommandFailure(
        'Rows were not what the log says. They are now; please report this.',
      );
  },
};

export const OWNER: readonly Command[] = [create, rebuild];

function show(
  { terminal }: Asked,
  rebuilt: readonly RebuiltProjection[],
  firstHead: number | null,
): void {
  const lines = table(
    ['PROJECTION', 'ROWS', 'SHA-256', 'BEFORE'],
    rebuilt.map((each) => [each.projection, String(each.rows), each.sha256, beforeText(each)]),
  );
  lines.forEach((line) => terminal.out(line));
  terminal.out(positionText(rebuilt, firstHead));
}

function isDifferent({ sha256, before }: RebuiltProjection): boolean {
  return before.sha256 !== sha256;
}

function beforeText(projection: RebuiltProjection): string {
  const { rows, sha256 } = projection.before;
  return isDifferent(projection) ? `DIFFERENT: ${rows} rows, ${sha256}` : 'the same rows';
}

function positionText(rebuilt: readonly RebuiltProjection[], firstHead: number | null): string {
  const position = rebuilt[0]?.position ?? -1;
  const compared = `Compared at position ${position} of the log`;
  return firstHead !== null && position > firstHead
    ? `${compared}, which was at ${firstHead} when the rebuild began.`
    : `${compared}.`;
}

/** A bar where a person watches, and otherwise a line per tenth of the way. */
function progressOn({ json, terminal: { err, overwrite } }: Asked) {
  let firstHead: number | null = null;
  let tenths = 0;
  const show = ({ position, head }: RebuildProgress) => {
    firstHead ??= head;
    if (json) return;
    const share = (position + 1) / (head + 1);
    const percent = `${Math.floor(100 * share)} %`;
    const where = `position ${position} of ${head}`;
    const filled = Math.floor(BAR_WIDTH * share);
    if (overwrite) overwrite(`[${'#'.repeat(filled).padEnd(BAR_WIDTH, '.')}] ${percent}, ${where}`);
    else if (Math.floor(10 * share) > tenths) err(`${percent}, ${where}`);
    tenths = Math.floor(10 * share);
  };
  return { show, end: () => overwrite?.(''), firstHead: () => firstHead };
}

/** @throws CommandFailure when the processes of the distributed form cannot be asked */
async function overNats({ env, dataDir }: Asked, name: string, url: string) {
  const faults: string[] = [];
  const nats = natsAccessOf(env, faults);
  if (!nats) faults.push('BURSAR_NATS_URL is not set');
  if (!nats || faults.length > 0) throw new CommandFailure(faults.join('\n'));
  const { createTenantOverNats } = await import('../owner/owner.over-nats.js');
  try {
    return await createTenantOverNats(name, { nats, dataDir, url });
  } catch (error) {
    if (error instanceof OwnerRefusal) throw refusal(error);
    throw error instanceof Error ? new CommandFailure(error.message) : error;
  }
}

/** Through the server that has the folder open, or in this process when there is none. */
async function asOwner<T>(asked: Asked, use: (work: OwnerWork) => Promise<T>): Promise<T> {
  const [clock, timers] = [new SystemClock(), new SystemTimers()];
  const giveUpAtMs = clock.monotonicMs() + WAIT_MS;
  for (;;) {
    try {
      return (await throughTheDoor(asked, use)) ?? (await ownProcess(asked, use));
    } catch (error) {
      const failure = failureOf(error, asked);
      const patient = error instanceof DataFolderLockedError && clock.monotonicMs() < giveUpAtMs;
      if (!patient) throw failure;
      await new Promise<void>((resolve) => timers.after(200, resolve));
    }
  }
}

/** Undefined when nobody is there. */
async function throughTheDoor<T>(
  { dataDir }: Asked,
  use: (work: OwnerWork) => Promise<T>,
): Promise<T | undefined> {
  if (!existsSync(dataDir)) return undefined;
  const path = ownerSocketPath(dataDir);
  if (!isOwnSocket(path, dataDir)) return undefined;
  try {
    return await use(knockingAt(path));
  } catch (error) {
    if (error instanceof NobodyHomeError) return undefined;
    throw error;
  }
}

async function ownProcess<T>(
  { dataDir, env }: Asked,
  use: (work: OwnerWork) => Promise<T>,
): Promise<T> {
  const { host, port } = readSettings(env);
  const { workingOn } = await import('../owner/owner.offline.js');
  return use(workingOn(dataDir, `http://${host}:${port}`));
}

function refusal({ code, detail }: OwnerRefusal): CommandFailure {
  return new CommandFailure(`${code}: ${detail}`, { code, detail });
}

function failureOf(error: unknown, { dataDir }: Asked): unknown {
  if (error instanceof OwnerRefusal) return refusal(error);
  if (error instanceof DataFolderLockedError)
    return new CommandFailure(
      `${error.message}, which does not answer its owner: is it a server of this user, with the same TMPDIR? (${dataDir})`,
    );
  const isPlain = error instanceof UnknownFileError || error instanceof LogDamagedError;
  return isPlain ? new CommandFailure(error.message) : error;
}
