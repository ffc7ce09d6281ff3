import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { CaptureMode, Move } from './capture-modes.ts';
import { POISON } from './order-moved.ts';
import type { PoisonForm } from './schedule.ts';

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
  /** Commits a row whose event can never be delivered. */
  plantPoison(form: PoisonForm): Promise<void>;
  /**
   * Commits one event, into `table` where the captured one has another name meanwhile;
   * resolves when its commit was answered.
   */
  commitOne(table?: string): Promise<void>;
  /** Ends the load; resolves when every writer has ended its transaction. */
  stop(): Promise<void>;
}

/** What decides how the load goes. */
export interface WritersRequest {
  readonly url: string;
  readonly mode: CaptureMode;
  readonly writers: number;
  readonly restMs: number;
  readonly random: () => number;
}

/** More than EventBridge takes in an entry. */
const TOO_LARGE = 'x'.repeat(1_100_000);
interface TransactionDetails {
  /** Runs before the transaction ends. */
  readonly before: (() => Promise<unknown>) | undefined;
  readonly filler: string | undefined;
  /** The name that the captured table has meanwhile. */
  readonly table: string | undefined;
}

const ORDERS_A_WRITER = 4;
/** One transaction in so many is large. */
const LARGE_ONE_IN = 25;

const keyOf = ({ order, step }: Move): string => `${order}/${step}`;

/** Starts writing at once; goes on through every restart of the server. */
export function startWriters(request: WritersRequest): Writers {
  const { url, mode, random } = request;
  const told: Told = { committed: new Set(), rolledBack: new Set() };
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

  /** The client, for which the captured table has another name. */
  function into(table: string, client: pg.ClientBase): pg.ClientBase {
    const query = (text: string, values: unknown[]): unknown =>
      client.query(text.replace(`into ${mode.table}`, `into ${table}`), values);
    return { query } as unknown as pg.ClientBase;
  }

  /** Runs one transaction. Throws when the connection breaks; then nobody was told. */
  async function transact(
    orders: readonly string[],
    end: 'commit' | 'rollback',
    { before, filler, table }: Partial<TransactionDetails> = {},
  ): Promise<void> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const moves: readonly Move[] = orders.map((order) => ({
        order,
        step: nextStep(order),
        filler,
      }));
      const ids = await mode.append(table === undefined ? client : into(table, client), moves);
      await client.query(
        `insert into public.journal (key, "order", step, event_id)
         select * from unnest($1::text[], $2::text[], $3::int[], $4::text[])`,
        [
          moves.map(keyOf),
          moves.map(({ order }) => order),
          moves.map(({ step }) => step),
          ids.map((id) => id ?? null),
        ],
      );
      await before?.();
      await client.query(end);
      const keys = end === 'commit' ? told.committed : told.rolledBack;
      for (const move of moves) keys.add(keyOf(move));
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
      await transact(orders, end, { before: () => delay(ms) }).catch(() => {});
    },
    async plantPoison(form): Promise<void> {
      oddOnes += 1;
      const order = `${POISON}${oddOnes}`;
      const filler = form === 'too large' ? TOO_LARGE : undefined;
      await persist(() => transact([order], 'commit', { filler }));
    },
    async commitOne(table): Promise<void> {
      oddOnes += 1;
      const order = `marker${oddOnes}`;
      await persist(() => transact([order], 'commit', { table }));
    },
    async stop(): Promise<void> {
      stopped = true;
      await Promise.all(running);
      await pool.end();
    },
  };
}
