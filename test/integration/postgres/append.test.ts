import { defineEvent, type SealedEvent, seal } from '@tidings/contract';
import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ConnectedLibrary, libraries } from '../../support/append-libraries.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

const NoteWritten = defineEvent({
  source: 'com.acme.notes',
  detailType: 'NoteWritten',
  version: '1.0',
  data: z.record(z.string(), z.unknown()),
});

/** What a library might take for its own syntax, or lose on the way. */
const awkward = {
  placeholders: '? ?? $1 $10 :name @p1 %s {0} #{x}',
  quotes: `' " \` \\ \\\\ -- /* ; E'\\n'`,
  text: 'é ß 漢字 🎈 \u200f\ufeff\u2028 \t\r\n',
  'a "key" with \\ and ?': null,
  numbers: [0, -0.1, 1e21, 2 ** 53, 5e-324],
  nested: { empty: {}, none: [], yes: true },
};

const noteWritten = (key: string): ReturnType<typeof NoteWritten.create> =>
  NoteWritten.create(awkward, { idempotencyKey: key, orderingKey: `key-${key}` });

/** Text that no JavaScript value has: its spaces and digits must stay as they are. */
function handWritten(key: string): SealedEvent {
  const { traceHeader: _none, ...event } = seal(noteWritten(key));
  const metadata = JSON.stringify(JSON.parse(event.detail).metadata);
  return {
    ...event,
    resources: ['arn:aws:s3:::notes/é?'],
    traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
    detail: `{ "metadata" : ${metadata},\n\t"data":{"n":12345678901234567890.10, "e":"\\ud83c\\udf88\\/"} }`,
  };
}

let cluster: PostgresCluster;
let database: OrdersDatabase;
beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  database = await createOrdersDatabase(cluster);
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

interface StoredRow {
  readonly detail: string;
}

/** What is stored of these keys, as text, in the order of the ids. */
async function stored(...keys: readonly string[]): Promise<readonly StoredRow[]> {
  return (await database.query(
    `select event_id, source, detail_type, detail::text, occurred_at, resources::text,
            idempotency_key, ordering_key, trace_header
     from tidings.outbox where idempotency_key = any($1) order by id`,
    [keys],
  )) as unknown as readonly StoredRow[];
}

function rowOf(event: SealedEvent): object {
  return {
    event_id: event.eventId,
    source: event.source,
    detail_type: event.detailType,
    detail: event.detail,
    occurred_at: event.time,
    resources: JSON.stringify(event.resources),
    idempotency_key: event.idempotencyKey,
    ordering_key: event.orderingKey ?? null,
    trace_header: event.traceHeader ?? null,
  };
}

async function isPlaced(orderId: string): Promise<boolean> {
  const rows = await database.query('select from orders where order_id = $1', [orderId]);
  return rows.length === 1;
}

describe.each(Object.entries(libraries))('%s', (name, connect) => {
  let library: ConnectedLibrary;
  let order: string;
  beforeEach(() => {
    library = connect(database.url);
    order = `${name}-${crypto.randomUUID()}`.replaceAll(' ', '-');
  });
  afterEach(() => library.close());

  test('an event of a transaction that commits is stored byte for byte', async () => {
    const event = noteWritten(order);
    await library.transact(async (transaction) => {
      await transaction.placeOrder(order);
      await transaction.append(event);
    });
    expect(await isPlaced(order)).toBe(true);
    expect(await stored(order)).toEqual([rowOf(seal(event, { producer: { service: 'test' } }))]);
  });

  test('many events, sealed ones among them, are stored in order by one statement', async () => {
    const keys = Array.from({ length: 5 }, (_, index) => `${order}-${index}`);
    const events = keys.map((key, index) =>
      index % 2 ? handWritten(key) : seal(noteWritten(key)),
    );
    await library.transact((transaction) => transaction.append(events));
    const rows = await stored(...keys);
    expect(rows).toEqual(events.map(rowOf));
  });

  test('nothing is stored of a transaction that rolls back', async () => {
    const changeOfMind = new Error('the business changed its mind');
    await expect(
      library.transact(async (transaction) => {
        await transaction.placeOrder(order);
        await transaction.append(noteWritten(order), [noteWritten(order), handWritten(order)]);
        throw changeOfMind;
      }),
    ).rejects.toThrow(changeOfMind);
    expect(await isPlaced(order)).toBe(false);
    expect(await stored(order)).toEqual([]);
  });

  test('a malformed event never leaves, and the transaction can go on', async () => {
    const good = seal(noteWritten(order));
    const bad = { ...good, idempotencyKey: 'another' };
    await library.transact(async (transaction) => {
      await transaction.placeOrder(order);
      await expect(transaction.append([good, bad])).rejects.toThrow(
        'idempotencyKey of a sealed event must be that of its detail',
      );
    });
    expect(await isPlaced(order)).toBe(true);
    expect(await stored(order)).toEqual([]);
  });
});

test.each(Object.entries(libraries))(
  '%s: where there is no outbox, the error says what to run',
  async (_name, connect) => {
    const library = connect(cluster.url('postgres'));
    try {
      const appended = library.transact((transaction) => transaction.append(noteWritten('n')));
      await expect(appended).rejects.toMatchObject({
        message:
          'tidings.outbox does not exist in the database of this transaction; run ' +
          '`tidings outbox migrate` there',
        code: '42P01',
        cause: expect.anything(),
      });
    } finally {
      await library.close();
    }
  },
);

test('no events are no statement', async () => {
  const { postgresOutbox } = await import('@tidings/postgres/outbox');
  await postgresOutbox().append({ query: () => Promise.reject(new Error('sent')) }, []);
});

test('ten thousand events are one statement', async () => {
  const order = crypto.randomUUID();
  const library = (libraries.pg as (url: string) => ConnectedLibrary)(database.url);
  const events = Array.from({ length: 10_000 }, (_, index) =>
    OrderPlaced.create({ orderId: `${order}-${index}`, totalCents: index, currency: 'USD' }),
  );
  await library.transact((transaction) => transaction.append(events));
  await library.close();
  const rows = await database.query(
    `select idempotency_key from tidings.outbox
     where starts_with(idempotency_key, $1) order by id`,
    [`order-${order}`],
  );
  expect(rows.map((row) => row.idempotency_key)).toEqual(
    events.map((event) => event.detail.metadata.idempotencyKey),
  );
});

test.each([
  ['U+0000', 'a\u0000b', '\\u0000'],
  ['half a surrogate pair', 'a\ud83c', '\\ud83c'],
])('data with %s is refused before the database refuses it', async (_, text, written) => {
  const library = (libraries.pg as (url: string) => ConnectedLibrary)(database.url);
  const event = NoteWritten.create({ text }, { idempotencyKey: 'unreadable' });
  await library.transact(async (transaction) => {
    await expect(transaction.append(event)).rejects.toThrow(
      `data of NoteWritten holds ${written}, which Postgres cannot read as text`,
    );
    // A backslash in front of the same letters is only text.
    await transaction.append(
      NoteWritten.create({ text: '\\u0000 \\ud83c' }, { idempotencyKey: `text-${written}` }),
    );
  });
  await library.close();
  expect(await stored(`text-${written}`)).toHaveLength(1);
});

test('a manager of TypeORM without a transaction is refused', async () => {
  const { DataSource } = await import('typeorm');
  const { postgresOutbox, typeormExecutor } = await import('@tidings/postgres/outbox');
  const source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  const outbox = postgresOutbox({ executor: typeormExecutor });
  await expect(outbox.append(source.manager, noteWritten('typeorm-no-tx'))).rejects.toThrow(
    'append needs the manager of a transaction',
  );
  await source.destroy();
  expect(await stored('typeorm-no-tx')).toEqual([]);
});
