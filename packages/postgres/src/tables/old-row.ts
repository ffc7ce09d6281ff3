import type { OldRow, Relation } from '../wal/pgoutput.ts';

/** How much of the old row a change brought. */
export interface OldRowExtent {
  readonly full: boolean;
  /** Whether each column of the relation was sent. */
  readonly sent: readonly boolean[];
}

/** Columns that one relation sends of an old row; undefined for all of them. */
type Identity = ReadonlySet<string> | undefined;

/**
 * The identities of the partitions whose rows come under their root's name.
 *
 * Postgres calls an old row whole or a key by what the root is set to, and fills it by what
 * the partition is set to: the columns that the partition does not log come as null. Which
 * partition a row came from is not told. But each partition is described in the stream
 * before its first row and whenever it changed, so a row is of one of those, and its own
 * nulls tell of which kind: columns of a key are never null.
 */
export class PartitionIdentities {
  readonly #byOid = new Map<number, Identity>();
  #distinct: readonly Identity[] = [];

  /** A partition as the stream describes it now. */
  note({ oid, columns, inIdentity, replicaIdentity }: Relation): void {
    const identity =
      replicaIdentity === 'full'
        ? undefined
        : new Set(columns.filter((_, i) => inIdentity[i] === true));
    this.#byOid.set(oid, identity);
    const distinct = new Map<string, Identity>();
    for (const each of this.#byOid.values()) {
      distinct.set(each === undefined ? 'full' : JSON.stringify([...each].sort()), each);
    }
    this.#distinct = [...distinct.values()];
  }

  /** A new connection describes every partition again. */
  clear(): void {
    this.#byOid.clear();
    this.#distinct = [];
  }

  /**
   * How much of an old row was sent. Where the nulls leave both open, it counts as a key:
   * what a mapping needs and cannot have is told, and what was not sent is never taken for
   * null.
   */
  extentOf({ kind, values }: OldRow, columns: readonly string[]): OldRowExtent {
    const given = columns.map((_, i) => values[i] !== null && values[i] !== undefined);
    const count = given.filter(Boolean).length;
    const described = this.#distinct.length > 0;
    const maybeFull = described ? this.#distinct.includes(undefined) : kind === 'full';
    const maybeKey = this.#distinct.some(
      (identity) =>
        identity?.size === count && columns.every((column, i) => !given[i] || identity.has(column)),
    );
    const whole = count === columns.length || (maybeFull && !maybeKey);
    if (whole) return { full: true, sent: columns.map(() => true) };
    return { full: false, sent: given };
  }
}
