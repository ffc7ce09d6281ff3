import { emptyRow, rowOf } from '@tidings/relay';
import { formatLsn } from '../lsn.ts';
import { type OldRow, type Relation, type Tuple, unchanged } from '../wal/pgoutput.ts';
import type { ChangePlace, RowMessage } from '../wal/wal-layout.ts';
import type { CapturedRelation } from './captured-relations.ts';
import type { OldRowExtent } from './old-row.ts';

/** Values as Postgres writes them, by column; null is SQL's NULL. */
export type TextRow = Readonly<Record<string, string | null>>;

/**
 * A change of a captured table as it was read, before anything is made of it. It is plain
 * JSON, so that it can be kept as a dead letter and captured again.
 */
export interface TableChange {
  /** Name with its schema, quoted where SQL needs it: `public.orders`. */
  readonly table: string;
  /** `snapshot`: the row was read again after the slot had been lost. */
  readonly kind: RowMessage['kind'] | 'snapshot';
  /**
   * The same at every delivery, and no other change's: commit LSN, commit time and number
   * in the transaction; of a snapshot the incident and the row itself.
   */
  readonly id: string;
  /** When it was committed; of a snapshot, when the loss was noticed: ISO 8601. */
  readonly occurredAt: string;
  readonly now?: TextRow;
  /** The whole row before; what REPLICA IDENTITY FULL brings. */
  readonly before?: TextRow;
  /** Columns of the replica identity before, where only these were sent. */
  readonly oldKey?: TextRow;
  /** Columns of `now` that are as they were and were not sent: large ones (TOAST). */
  readonly omitted?: readonly string[];
  /** Type of each column, as in `pg_type`. */
  readonly types: Readonly<Record<string, number>>;
  /**
   * Columns of the row's key as the table had it at this change: its primary key, or where
   * it has none its replica identity. Null where that cannot be told any more.
   */
  readonly key?: readonly string[] | null;
}

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** Makes changes of the messages of one relation. */
export function tableChangeReader(
  { label: table, key, partitions }: CapturedRelation,
  relation: Relation,
): (message: RowMessage, place: ChangePlace) => TableChange {
  const { columns, typeOids, inIdentity } = relation;
  const types = rowOf(columns.map((column, i) => [column, typeOids[i] as number] as const));

  function textRow(values: Tuple, sent?: readonly boolean[]): TextRow {
    const row = emptyRow<string | null>();
    columns.forEach((column, i) => {
      const value = values[i] ?? null;
      if (value !== unchanged && sent?.[i] !== false) row[column] = value;
    });
    return row;
  }

  function extentOf(before: OldRow): OldRowExtent {
    if (partitions !== undefined) return partitions.extentOf(before, columns);
    return { full: before.kind === 'full', sent: inIdentity };
  }

  function oldImage(before: OldRow): Pick<TableChange, 'before' | 'oldKey'> {
    const { full, sent } = extentOf(before);
    return full ? { before: textRow(before.values) } : { oldKey: textRow(before.values, sent) };
  }

  function newImage(
    now: Tuple,
    before: OldRow | undefined,
  ): Required<Pick<TableChange, 'now'>> & Pick<TableChange, 'omitted'> {
    if (!now.includes(unchanged)) return { now: textRow(now) };
    if (before !== undefined && extentOf(before).full) {
      return { now: textRow(now.map((value, i) => mergedValue(value, before.values[i]))) };
    }
    return { now: textRow(now), omitted: columns.filter((_, i) => now[i] === unchanged) };
  }

  return (message, place) => {
    const change = { table, ...identityOf(place), types, key };
    switch (message.kind) {
      case 'insert':
        return { ...change, kind: 'insert', now: textRow(message.now) };
      case 'update': {
        const { now, before } = message;
        return {
          ...change,
          kind: 'update',
          ...newImage(now, before),
          ...(before !== undefined && oldImage(before)),
        };
      }
      case 'delete':
        return { ...change, kind: 'delete', ...oldImage(message.before) };
      case 'truncate':
        return { ...change, kind: 'truncate' };
    }
  };
}

function mergedValue(now: Tuple[number], before: Tuple[number] | undefined): Tuple[number] {
  return now === unchanged ? (before ?? unchanged) : now;
}

function identityOf(place: ChangePlace): Pick<TableChange, 'id' | 'occurredAt'> {
  const { commitLsn, committedAtMicros, index } = place;
  const at = POSTGRES_EPOCH_MS + Math.floor(Number(committedAtMicros) / 1000);
  return {
    id: `${formatLsn(commitLsn)}-${committedAtMicros}-${index}`,
    occurredAt: new Date(at).toISOString(),
  };
}
