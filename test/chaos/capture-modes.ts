import { randomUUID } from 'node:crypto';
import {
  captureTable,
  debeziumSource,
  migrateOutbox,
  pollSource,
  setUpDebeziumOutbox,
  setUpTableCapture,
  tableSource,
  walSource,
} from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import type { ChangeSource } from '@tidings/relay';
import type pg from 'pg';
import { z } from 'zod';
import { OrderMoved } from './order-moved.ts';

/** One step of an order, as a writer writes it. */
export interface Move {
  readonly order: string;
  readonly step: number;
  readonly filler?: string | undefined;
}

/** A way for changes from a table to the bus. */
export interface CaptureMode {
  /** The table that is captured, as SQL writes it. */
  readonly table: string;
  /** Undefined where nothing is published by the server. */
  readonly publication: string | undefined;
  /** Whether an event keeps its id when it comes again after a lost slot. */
  readonly keepsIds: boolean;
  /** Prepares a database; may run again at any time. */
  setUp(connection: string, name: string): Promise<void>;
  /** Writes moves in the transaction of `sql`; gives their event ids where they are known. */
  append(sql: pg.ClientBase, moves: readonly Move[]): Promise<readonly (string | undefined)[]>;
  source(connection: pg.ClientConfig, name: string): ChangeSource<unknown>;
}

const timing = { heartbeatIntervalMs: 100, heartbeatTimeoutMs: 1_500, stallTimeoutMs: 1_000 };
const outbox = postgresOutbox({ producer: { service: 'chaos' } });

async function appendToOutbox(
  sql: pg.ClientBase,
  moves: readonly Move[],
): Promise<readonly string[]> {
  const events = moves.map((move) => OrderMoved.create(move));
  await outbox.append(sql, events);
  return events.map(({ detail }) => detail.metadata.eventId);
}

const tellMove = (move: Move): ReturnType<typeof OrderMoved.create> => OrderMoved.create(move);

const capturedMoves = captureTable({
  table: 'public.moves',
  schema: z.object({
    order: z.string(),
    step: z.number(),
    filler: z
      .string()
      .nullable()
      .transform((filler) => filler ?? undefined),
  }),
  images: 'new',
  insert: tellMove,
  snapshot: tellMove,
});

/** The modes by the name that a schedule gives them. */
export const captureModes = {
  wal: {
    table: 'tidings.outbox',
    publication: 'tidings',
    keepsIds: true,
    setUp: async (connection, slot) => void (await migrateOutbox({ connection, slot })),
    append: appendToOutbox,
    source: (connection, slot) => walSource({ connection, slot, ...timing }),
  },
  poll: {
    table: 'tidings.outbox',
    publication: undefined,
    keepsIds: true,
    setUp: async (connection) => void (await migrateOutbox({ connection })),
    append: appendToOutbox,
    source: (connection, name) => pollSource({ connection, name, maxIntervalMs: 200 }),
  },
  tables: {
    table: 'public.moves',
    publication: 'tidings_tables',
    keepsIds: false,
    async setUp(connection, slot): Promise<void> {
      await setUpTableCapture({ connection, slot, tables: [capturedMoves] });
    },
    async append(sql, moves): Promise<readonly undefined[]> {
      for (const { order, step, filler } of moves) {
        await sql.query('insert into public.moves ("order", step, filler) values ($1, $2, $3)', [
          order,
          step,
          filler,
        ]);
      }
      return moves.map(() => undefined);
    },
    source: (connection, slot) =>
      tableSource({
        connection,
        slot,
        tables: [capturedMoves],
        onSlotLoss: 'snapshot',
        ...timing,
      }),
  },
  debezium: {
    table: 'public.debezium_outbox',
    publication: 'tidings_debezium',
    keepsIds: true,
    async setUp(connection, slot): Promise<void> {
      await setUpDebeziumOutbox({ connection, slot, table: 'public.debezium_outbox' });
    },
    async append(sql, moves): Promise<readonly string[]> {
      const ids: string[] = [];
      for (const move of moves) {
        const id = randomUUID();
        await sql.query(
          `insert into public.debezium_outbox values ($1, 'order', $2, 'OrderMoved', $3)`,
          [id, move.order, JSON.stringify(move)],
        );
        ids.push(id);
      }
      return ids;
    },
    source: (connection, slot) =>
      debeziumSource({
        connection,
        slot,
        table: 'public.debezium_outbox',
        event: ({ payload }) => OrderMoved.create(JSON.parse(payload ?? '') as Move),
        onSlotLoss: 'heal',
        ...timing,
      }),
  },
} satisfies Record<string, CaptureMode>;

/** A name of `captureModes`. */
export type CaptureModeName = keyof typeof captureModes;

/** Tables that some modes read and that no set-up makes. */
export const BUSINESS_TABLES = `
  create table public.moves ("order" text, step int, filler text, primary key ("order", step));
  create table public.debezium_outbox (
    id uuid primary key, aggregatetype text not null, aggregateid text not null,
    type text not null, payload jsonb);
  create table public.journal (
    key text primary key, "order" text not null, step int not null, event_id text,
    truncated boolean not null default false);
  create table public.unpublished (id bigint, text text)`;
