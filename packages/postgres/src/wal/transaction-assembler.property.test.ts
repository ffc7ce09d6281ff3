import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OutboxRow } from '../outbox-row.ts';
import { outboxLayout } from './outbox-layout.ts';
import {
  begin,
  commit,
  insert,
  message,
  relation,
  remove,
  truncate,
} from './pgoutput-encoding.test-support.ts';
import { type ReadPosition, TransactionAssembler } from './transaction-assembler.ts';
import type { ChangePlace, RowMessage, WalLayout } from './wal-layout.ts';
import { walPosition } from './wal-position.ts';

const columns = [
  'event_id',
  'source',
  'detail_type',
  'detail',
  'occurred_at',
  'resources',
  'idempotency_key',
  'ordering_key',
  'trace_header',
];
const OUTBOX = 7;
const OTHER = 8;
const start: ReadPosition = { lsn: 100n, xid: undefined, records: 0 };

function row(eventId: string): Buffer {
  return insert(OUTBOX, [
    ...[eventId, 'com.acme.orders', 'OrderPlaced', '{}', '2026-06-07 02:00:00+00', '[]', 'key'],
    ...[null, null],
  ]);
}

interface Transaction {
  readonly xid: number;
  readonly endLsn: bigint;
  readonly events: readonly string[];
}

const transactions = fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }).map((sizes) =>
  sizes.map(
    (size, i): Transaction => ({
      xid: 500 + i,
      endLsn: 200n + BigInt(i) * 8n,
      events: Array.from({ length: size }, (_, j) => `${i}-${j}`),
    }),
  ),
);

function* messages(list: readonly Transaction[]): Generator<Buffer> {
  yield relation(OUTBOX, 'tidings', 'outbox', columns);
  yield relation(OTHER, 'public', 'outbox', ['id']);
  for (const { xid, endLsn, events } of list) {
    yield begin(xid);
    for (const event of events) {
      yield row(event);
      yield insert(OTHER, ['not ours']);
    }
    yield commit(endLsn);
  }
}

/** Feeds messages, handing out after those whose number `cuts` holds. */
function read(
  assembler: TransactionAssembler<OutboxRow>,
  stream: Iterable<Buffer>,
  cuts: ReadonlySet<number>,
  limit = Number.POSITIVE_INFINITY,
): { events: string[]; positions: string[]; position: ReadPosition } {
  const events: string[] = [];
  const positions: string[] = [];
  let position = start;
  const takeAll = (): void => {
    const taken = assembler.take();
    position = taken.position;
    for (const group of taken.groups) {
      for (const record of group.records) events.push(record.change.eventId);
      if (group.position !== undefined) positions.push(group.position);
    }
  };
  let n = 0;
  for (const message of stream) {
    if (n >= limit) break;
    assembler.feed(message, 0);
    if (cuts.has(n)) takeAll();
    n += 1;
  }
  takeAll();
  return { events, positions, position };
}

const cutsOf = fc.array(fc.nat(120), { maxLength: 40 }).map((list) => new Set(list));

test('every record once, in order, and one position a commit, wherever reads end', () => {
  fc.assert(
    fc.property(transactions, cutsOf, (list, cuts) => {
      const assembler = new TransactionAssembler(
        outboxLayout,
        'tidings.heartbeat.orders',
        3,
        start,
      );
      const { events, positions } = read(assembler, messages(list), cuts);
      expect(events).toEqual(list.flatMap((each) => each.events));
      expect(positions).toEqual(list.map((each) => walPosition(3, each.endLsn)));
    }),
  );
});

test('a new connection goes on exactly behind what was handed out', () => {
  fc.assert(
    fc.property(
      transactions,
      cutsOf,
      fc.array(fc.nat(80), { minLength: 1, maxLength: 4 }),
      (list, cuts, breaks) => {
        const events: string[] = [];
        let position = start;
        // Each connection breaks somewhere; the server sends again what ends behind it.
        for (const limit of [...breaks, Number.POSITIVE_INFINITY]) {
          const assembler = new TransactionAssembler(
            outboxLayout,
            'tidings.heartbeat.orders',
            3,
            position,
          );
          const { lsn } = position;
          const rest = list.filter((each) => each.endLsn > lsn);
          const taken = read(assembler, messages(rest), cuts, limit);
          events.push(...taken.events);
          position = taken.position;
        }
        expect(events).toEqual(list.flatMap((each) => each.events));
      },
    ),
  );
});

/** Its readers throw at the messages whose numbers are given, each once. */
function throwingLayout(throwAt: readonly number[]): WalLayout<OutboxRow> {
  const left = new Set(throwAt);
  let n = 0;
  const mayThrow = (): void => {
    n += 1;
    if (left.delete(n)) throw new Error('cannot be read');
  };
  return {
    ...outboxLayout,
    reader(relation, xid) {
      mayThrow();
      const read = outboxLayout.reader(relation, xid);
      if (read === undefined) return undefined;
      return (change, place) => {
        mayThrow();
        return read(change, place);
      };
    },
  };
}

test('a throw at any message of any read loses nothing and repeats nothing', () => {
  fc.assert(
    fc.property(
      transactions,
      cutsOf,
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }),
      (list, cuts, throwAt) => {
        const layout = throwingLayout(throwAt);
        const events: string[] = [];
        let position = start;
        let complete = false;
        while (!complete) {
          const assembler = new TransactionAssembler(layout, 'prefix', 3, position);
          const handOver = (): void => {
            const taken = assembler.take();
            position = taken.position;
            for (const { records } of taken.groups) {
              for (const { change } of records) events.push(change.eventId);
            }
          };
          const { lsn } = position;
          try {
            // A read of the socket holds several messages and is handed over at its end.
            for (const [n, each] of [
              ...messages(list.filter((one) => one.endLsn > lsn)),
            ].entries()) {
              assembler.feed(each, 0);
              if (cuts.has(n)) handOver();
            }
            handOver();
            complete = true;
          } catch {
            // The connection ends; the next one goes on behind the last hand-over.
          }
        }
        expect(events).toEqual(list.flatMap((each) => each.events));
      },
    ),
  );
});

test('a piece of an open transaction carries no position', () => {
  const assembler = new TransactionAssembler(outboxLayout, 'tidings.heartbeat.orders', 3, start);
  const all = [...messages([{ xid: 1, endLsn: 300n, events: ['a', 'b'] }])];
  for (const message of all.slice(0, -1)) assembler.feed(message, 0);
  const piece = assembler.take().groups;
  expect(piece).toHaveLength(1);
  expect(piece[0]?.records).toHaveLength(2);
  expect(piece[0]).not.toHaveProperty('position');
  assembler.feed(all.at(-1) as Buffer, 0);
  expect(assembler.take().groups).toEqual([{ records: [], position: walPosition(3, 300n) }]);
});

test('a heartbeat comes back with the end of its transaction, others are left alone', () => {
  const assembler = new TransactionAssembler(outboxLayout, 'tidings.heartbeat.orders', 3, start);
  const feed = (...list: readonly Buffer[]): void => {
    for (const each of list) assembler.feed(each, 0);
  };
  feed(begin(1), message(true, 'tidings.heartbeat.orders', 'mine'));
  expect(assembler.take().heartbeats).toEqual([]);
  feed(commit(300n));
  expect(assembler.take()).toMatchObject({
    groups: [{ records: [], position: walPosition(3, 300n) }],
    heartbeats: [{ name: 'mine', lsn: 300n }],
  });
  feed(begin(2), message(true, 'tidings.heartbeat.other', 'theirs'), commit(400n));
  feed(message(false, 'tidings.heartbeat.orders', 'of a transaction that may roll back'));
  feed(begin(3), commit(500n));
  expect(assembler.take().heartbeats).toEqual([]);
});

/** Reads one table and tells what it was given. */
const tellingLayout: WalLayout<ChangePlace & { readonly kind: RowMessage['kind'] }> = {
  ...outboxLayout,
  operations: ['insert', 'truncate'],
  reader: ({ schema }) =>
    schema === 'tidings' ? ({ kind }, place) => ({ kind, ...place }) : undefined,
  capture: () => [],
  backfill: undefined,
};

test('a change knows its place, which unread tables and operations do not move', () => {
  const assembler = new TransactionAssembler(tellingLayout, 'prefix', 3, start);
  const feed = (...list: readonly Buffer[]): void => {
    for (const each of list) assembler.feed(each, 0);
  };
  feed(relation(OUTBOX, 'tidings', 'outbox', columns), relation(OTHER, 'public', 'x', ['id']));
  feed(begin(9, 290n, 834_000_000_123_456n));
  feed(insert(OTHER, ['unread']), row('a'), remove(OUTBOX, ['K', ['a']]));
  feed(truncate([OTHER, OUTBOX]), row('b'), commit(300n));
  const place = { xid: 9, commitLsn: 290n, committedAtMicros: 834_000_000_123_456n };
  expect(assembler.take().groups.flatMap((group) => group.records.map((r) => r.change))).toEqual([
    { kind: 'insert', ...place, index: 2 },
    { kind: 'truncate', ...place, index: 5 },
    { kind: 'insert', ...place, index: 6 },
  ]);
});
