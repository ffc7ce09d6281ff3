import { setTimeout as delay } from 'node:timers/promises';
import { defineEvent } from '@tidings/contract';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { z } from 'zod';

/** Of the events that writers append; faults of the bus are matched to it. */
export const SOURCE = 'com.acme.orders';

/** What the orders begin with that no bus takes. */
export const POISON = 'poison';

const OrderMoved = defineEvent({
  source: SOURCE,
  detailType: 'OrderMoved',
  version: '1.0',
  data: z.object({ order: z.string(), step: z.int() }),
  idempotencyKey: ({ order, step }) => `${order}/${step}`,
  orderingKey: ({ order }) => order,
});

/** What the writers were told; a COMMIT without an answer is in neither set. */
export interface Told {
  readonly committed: Set<string>;
  readonly rolledBack: Set<string>;
}

/** A business under load. Each order is written by one writer, in order. */
export interface Writers {
  readonly told: Told;
  /** One transaction of `rows` events that stays open for `ms`. */
  longTransaction(rows: number, ms: number): Promise<void>;
  /** Commits a row that no bus takes. */
  plantPoison(): Promise<void>;
  /** Commits one event; resolves when its commit was answered. */
  commitOne(): Promise<void>;
  /** Ends the load; resolves when every writer has ended its transaction. */
  stop(): Promise<void>;
}

/** What decides how the load goes. */
export interface WritersRequest {
  readonly url: string;
  readonly writers: number;
  readonly restMs: number;
  readonly random: () => number;
}

const ORDERS_A_WRITER = 4;
/** One transaction in so many is large. */
const LARGE_ONE_IN = 25;

/** Starts writing at once; goes on through every restart of the server. */
export function startWriters(request: WritersRequest): Writers {
  const { url, random } = request;
  const told: Told = { committed: new Set(), rolledBack: new Set() };
  const outbox = postgresOutbox({ producer: { service: 'chaos' } });
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 2_000 });
  pool.on('error', () => {});
  // A server that stops also breaks connections that are in use.
  pool.on('connect', (client) => client.on('error', () => {}));
  const steps = new Map<string, number>();
  let stopped = false;
  let oddOnes = 0;

  function nextStep(order: string): number {
    const step = (steps.get(order) ?? 0) + 1;
    steps.set(order, step);
    return step;
  }

  /** Runs one transaction. Throws when the connection breaks; then nobody was told. */
  async function transact(
    orders: readonly string[],
    end: 'commit' | 'rollback',
    before: () => Promise<unknown> = async () => {},
  ): Promise<void> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const events = orders.map((order) => OrderMoved.create({ order, step: nextStep(order) }));
      await outbox.append(client, events);
      await before();
      await client.query(end);
      const keys = end === 'commit' ? told.committed : told.rolledBack;
      for (const { detail } of events) keys.add(detail.metadata.idempotencyKey);
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async function write(name: string): Promise<void> {
    while (!stopped) {
      const rows = random() < 1 / LARGE_ONE_IN ? 120 : 1 + Math.floor(random() * 4);
      const orders = Array.from(
        { length: rows },
        () => `${name}.${Math.floor(random() * ORDERS_A_WRITER)}`,
      );
      const end = random() < 1 / 3 ? 'rollback' : 'commit';
      try {
        await transact(orders, end);
        await delay(request.restMs);
      } catch {
        await delay(20);
      }
    }
  }

  /** Repeats what a server that restarts has broken. */
  async function persist(work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await delay(50);
      }
    }
  }

  const running = Array.from({ length: request.writers }, (_, i) => write(`w${i}`));

  return {
    told,
    async longTransaction(rows, ms): Promise<void> {
      oddOnes += 1;
      const orders = Array.from({ length: rows }, () => `long${oddOnes}`);
      const end = random() < 1 / 3 ? 'rollback' : 'commit';
      await transact(orders, end, () => delay(ms)).catch(() => {});
    },
    async plantPoison(): Promise<void> {
      oddOnes += 1;
      const order = `${POISON}${oddOnes}`;
      await persist(() => transact([order], 'commit'));
    },
    async commitOne(): Promise<void> {
      oddOnes += 1;
      const order = `marker${oddOnes}`;
      await persist(() => transact([order], 'commit'));
    },
    async stop(): Promise<void> {
      stopped = true;
      await Promise.all(running);
      await pool.end();
    },
  };
}
