import { type Database, openDatabase } from '#sqlite';

/** What the runtime keeps of the projections themselves, which are few. */
const FEW = ['projections', 'projection_failures', 'sqlite_schema'];

/**
 * Refuses every statement that reads a table, or an index, from end to end: what a payment or an answer costs must not grow with
 * what there was before. Only who asks for everything, as a dump does, gets it.
 */
export function openWatched(path: string): Database {
  const database = openDatabase(path, { synchronous: 'NORMAL' });
  const prepare = <Row>(sql: string) => {
    const scanned = planOf(database, sql)
      .map((step) => /^SCAN (\w+)/.exec(step)?.[1])
      .find((table) => table !== undefined && isTable(database, table) && !FEW.includes(table));
    if (scanned !== undefined && !/^SELECT \* FROM \S+(?: ORDER BY|$)/.test(sql))
      throw new Error(`all of ${scanned} is read by: ${sql}`);
    return database.prepare<Row>(sql);
  };
  return Object.assign(Object.create(database) as Database, { prepare });
}

function planOf(database: Database, sql: string): string[] {
  if (!/^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)/.test(sql)) return [];
  const steps = database.prepare<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all();
  return steps.map(({ detail }) => detail);
}

function isTable(database: Database, name: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;
}
