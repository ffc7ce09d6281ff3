import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ConnectionLost } from '../connection-lost.ts';
import { endedIn, nothingEnded, parseSnapshot, type Snapshot } from '../snapshot.ts';
import type { Relation } from '../wal/pgoutput.ts';
import { PartitionIdentities } from './old-row.ts';
import { hasColumnsOf, rowKeyOf } from './row-key.ts';
import { readTableOids, type TableFacts } from './table-facts.ts';
import { inspectTables, type TableDemand } from './table-inspection.ts';
import { builtInTypes, loadTypeCatalog, type TypeCatalog } from './type-catalog.ts';

/** A relation of the stream whose rows are of a captured table. */
export interface CapturedRelation {
  /** Label of the table. */
  readonly label: string;
  /** Columns of the row's key: see `rowKeyOf`. */
  readonly key: readonly string[] | null;
  /** For a partitioned table: what its partitions send of old rows. */
  readonly partitions: PartitionIdentities | undefined;
}

interface Match {
  readonly label: string;
  readonly facts: TableFacts;
  readonly by: 'oid' | 'holder' | 'name';
}

/** How long a transaction may take to be seen by others after it was in the log. */
const APPEARS_MS = { first: 20, most: 1_000, total: 5_000 };

/**
 * Tells whose rows a relation of the stream holds. Its OID decides, not its name: a table
 * that was renamed is the same table, and partitions and heirs are part of theirs.
 *
 * The stream describes a relation as it was when the change was written, the catalog as it
 * is now. Where the two differ, whether the catalog is the newer one is told by the
 * transaction that brought the description: if the catalog was read when that had ended, it
 * is. Otherwise the catalog has to be read again, which needs a new connection; nothing is
 * decided by a guess.
 */
export class CapturedRelations {
  readonly #demands: readonly TableDemand[];
  readonly #readsTypes: boolean;
  #tables: ReadonlyMap<string, TableFacts> = new Map();
  #holders: ReadonlyMap<number, Match> = new Map();
  #oids: ReadonlySet<number> = new Set();
  #types: TypeCatalog = builtInTypes;
  #readAt: Snapshot = nothingEnded;
  /** The transaction that described what the catalog did not have. */
  #awaited: number | undefined;
  readonly #partitions = new Map<string, PartitionIdentities>();
  /** The description before this one, where it was a partitioned table's. */
  #root: { readonly label: string; readonly relation: Relation } | undefined;

  /** `readsTypes`: whether values are read by type, so that every type must be known. */
  constructor(demands: readonly TableDemand[], readsTypes: boolean) {
    this.#demands = demands;
    this.#readsTypes = readsTypes;
  }

  get types(): TypeCatalog {
    return this.#types;
  }

  /** What the catalog said last; undefined for a table that is not captured, or not yet. */
  factsOf(label: string): TableFacts | undefined {
    return this.#tables.get(label);
  }

  /**
   * Reads the catalog, before a connection begins to stream.
   * @throws ConfigurationError on tables that cannot be captured.
   */
  async refresh(sql: pg.ClientBase, publication: string, snapshotOnLoss: boolean): Promise<void> {
    const readAt = await this.#awaitTransaction(sql);
    this.#tables = await inspectTables(sql, publication, this.#demands, snapshotOnLoss);
    this.#oids = await readTableOids(sql);
    if (this.#readsTypes) this.#types = await loadTypeCatalog(sql);
    this.#readAt = readAt;
    this.#awaited = undefined;
    const holders = new Map<number, Match>();
    for (const [label, facts] of this.#tables) {
      for (const { oid } of facts.holders) {
        if (oid !== facts.oid) holders.set(oid, { label, facts, by: 'holder' });
      }
    }
    // Last: an heir that is captured itself is its own table.
    for (const [label, facts] of this.#tables) holders.set(facts.oid, { label, facts, by: 'oid' });
    this.#holders = holders;
    for (const partitions of this.#partitions.values()) partitions.clear();
    this.#root = undefined;
  }

  /**
   * Finds the table of a relation that transaction `xid` describes; undefined for one that
   * is not captured.
   * @throws ConnectionLost where the catalog has to be read again first.
   */
  find(relation: Relation, xid: number): CapturedRelation | undefined {
    const root = this.#root;
    this.#root = undefined;
    const match = this.#match(relation);
    // Before the rows of a partition Postgres describes the root and then the partition.
    const partition = root !== undefined && hasSameColumns(relation, root.relation);
    if (partition && (match === undefined || match.label === root.label)) {
      this.#partitionsOf(root.label).note(relation);
    } else if (this.#differs(relation, match) && !this.#sees(xid)) {
      this.#awaited = xid;
      const what = match?.label ?? `${relation.schema}.${relation.table}`;
      throw new ConnectionLost(`${what} is not what it was; reading the catalog again`);
    }
    if (match === undefined) return undefined;
    const { label, facts, by } = match;
    const isRoot = facts.kind === 'p' && by !== 'holder';
    if (isRoot) this.#root = { label, relation };
    return {
      label,
      key: rowKeyOf(relation, facts),
      partitions: isRoot ? this.#partitionsOf(label) : undefined,
    };
  }

  #match({ oid, schema, table }: Relation): Match | undefined {
    const match = this.#holders.get(oid);
    if (match !== undefined) return match;
    const demand = this.#demands.find(({ name }) => name.schema === schema && name.table === table);
    const facts = demand && this.#tables.get(demand.label);
    return facts && { label: demand.label, facts, by: 'name' };
  }

  /** Whether the catalog as it was read does not account for what the stream describes. */
  #differs(relation: Relation, match: Match | undefined): boolean {
    if (match === undefined) {
      // Whatever has all columns of a table may have become part of it.
      const may = [...this.#tables.values()].some((facts) => includesColumnsOf(relation, facts));
      return may && !this.#oids.has(relation.oid);
    }
    if (this.#readsTypes && relation.typeOids.some((oid) => !this.#types.readerOf(oid)))
      return true;
    const { label, facts, by } = match;
    if (by === 'holder') return !includesColumnsOf(relation, facts);
    if (by === 'name' || !hasColumnsOf(relation, facts)) return true;
    // Under the name of another table the two may have changed places.
    return this.#demands.some(
      ({ label: other, name }) =>
        other !== label && name.schema === relation.schema && name.table === relation.table,
    );
  }

  #partitionsOf(label: string): PartitionIdentities {
    const known = this.#partitions.get(label) ?? new PartitionIdentities();
    this.#partitions.set(label, known);
    return known;
  }

  /** Whether the catalog was read after the transaction had ended for everybody. */
  #sees(xid: number): boolean {
    return endedIn(this.#readAt, fullId(xid, this.#readAt.xmax));
  }

  /**
   * A transaction is in the log a moment before others see what it did, and with synchronous
   * replication much longer. Returns what had ended before the catalog is read.
   */
  async #awaitTransaction(sql: pg.ClientBase): Promise<Snapshot> {
    let pauseMs = APPEARS_MS.first;
    for (let waitedMs = 0; ; waitedMs += pauseMs) {
      const { rows } = await sql.query<{ snapshot: string }>(
        'select pg_current_snapshot()::text as snapshot',
      );
      const snapshot = parseSnapshot(rows[0]?.snapshot ?? '');
      const xid = this.#awaited;
      const seen = xid === undefined || endedIn(snapshot, fullId(xid, snapshot.xmax));
      if (seen || waitedMs >= APPEARS_MS.total) return snapshot;
      await delay(pauseMs);
      pauseMs = Math.min(2 * pauseMs, APPEARS_MS.most);
    }
  }
}

/** The whole id of a transaction near `next`, of which the stream tells the last 32 bits. */
function fullId(xid: number, next: bigint): bigint {
  return next + BigInt.asIntN(32, BigInt(xid) - next);
}

function hasSameColumns(relation: Relation, root: Relation): boolean {
  return (
    relation.columns.length === root.columns.length &&
    relation.columns.every((name) => root.columns.includes(name))
  );
}

function includesColumnsOf({ columns }: Relation, facts: TableFacts): boolean {
  return [...facts.columns.keys()].every((name) => columns.includes(name));
}
