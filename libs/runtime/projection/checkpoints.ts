import type { Projection } from './projection.js';
import type { ReadModelDatabase } from './read-model.database.js';

const TABLES = `
  CREATE TABLE IF NOT EXISTS projections (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    -- Everything in the log up to and including this position is in the rows.
    position INTEGER NOT NULL,
    -- The tables it owns, as a JSON array.
    tables TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS projection_failures (
    projection TEXT NOT NULL,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    event_type TEXT NOT NULL,
    stream TEXT NOT NULL,
    error TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (projection, position)
  ) STRICT;
`;

interface StoredProjection {
  version: number;
  position: number;
  tables: string;
}

/** Position by projection name. */
export type Checkpoints = Map<string, number>;

/** Makes the file fit the projections (new, changed and gone ones included) and tells where each of them is. */
export function prepare(db: ReadModelDatabase, projections: readonly Projection[]): Checkpoints {
  return db.transaction(() => {
    db.define(TABLES);
    const wanted = new Set(projections.map(({ name }) => name));
    for (const { name } of db.all<{ name: string }>('SELECT name FROM projections'))
      if (!wanted.has(name)) drop(db, name);
    for (const projection of projections) {
      const known = stored(db, projection.name);
      if (known?.version === projection.version) continue;
      drop(db, projection.name);
      create(db, projection);
    }
    return checkpoints(db);
  });
}

/** Empties projections, so that the log fills them again from its beginning. */
export function restart(db: ReadModelDatabase, projections: readonly Projection[]): Checkpoints {
  return db.transaction(() => {
    for (const projection of projections) {
      drop(db, projection.name);
      create(db, projection);
    }
    return checkpoints(db);
  });
}

export function checkpoints(db: ReadModelDatabase): Checkpoints {
  const rows = db.all<{ name: string; position: number }>('SELECT name, position FROM projections');
  return new Map(rows.map(({ name, position }) => [name, position]));
}

/** Inside the transaction that wrote the rows. */
export function advance(db: ReadModelDatabase, position: number): void {
  db.run('UPDATE projections SET position = ? WHERE position < ?', position, position);
}

export function tablesOf(db: ReadModelDatabase, name: string): string[] {
  return JSON.parse(stored(db, name)?.tables ?? '[]') as string[];
}

/** The columns of a table, its primary key first: in their order, rows come without sorting where there is a key. */
export function orderedColumns(db: ReadModelDatabase, table: string): string[] {
  return db
    .all<{ name: string }>('SELECT name FROM pragma_table_info(?) ORDER BY pk = 0, pk, cid', table)
    .map(({ name }) => name);
}

function stored(db: ReadModelDatabase, name: string): StoredProjection | undefined {
  return db.get<StoredProjection>(
    'SELECT version, position, tables FROM projections WHERE name = ?',
    name,
  );
}

function create(db: ReadModelDatabase, { name, version, tables }: Projection): void {
  const before = new Set(allTables(db));
  db.define(tables);
  const own = allTables(db).filter((table) => !before.has(table));
  db.run(
    'INSERT INTO projections (name, version, position, tables) VALUES (?, ?, -1, ?)',
    name,
    version,
    JSON.stringify(own),
  );
}

function drop(db: ReadModelDatabase, name: string): void {
  for (const table of tablesOf(db, name)) db.define(`DROP TABLE "${table}"`);
  db.run('DELETE FROM projection_failures WHERE projection = ?', name);
  db.run('DELETE FROM projections WHERE name = ?', name);
}

function allTables(db: ReadModelDatabase): string[] {
  return db
    .all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .map(({ name }) => name);
}
