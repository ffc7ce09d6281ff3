import { expect, test } from 'vitest';
import { decodePgoutput, unchanged } from './pgoutput.ts';
import {
  begin,
  commit,
  insert,
  message,
  relation,
  remove,
  truncate,
  update,
} from './pgoutput-encoding.test-support.ts';

test('begin and commit', () => {
  expect(decodePgoutput(begin(4_000_000_000, 0x16b374d800n, 834_000_000_123_456n), 0)).toEqual({
    kind: 'begin',
    xid: 4_000_000_000,
    commitLsn: 0x16b374d800n,
    committedAtMicros: 834_000_000_123_456n,
  });
  expect(decodePgoutput(commit(0x16b374d848n), 0)).toEqual({
    kind: 'commit',
    endLsn: 0x16b374d848n,
  });
});

test('a relation with its columns in order', () => {
  expect(decodePgoutput(relation(77, 'tidings', 'outbox', ['id', 'détail']), 0)).toEqual({
    kind: 'relation',
    relation: {
      oid: 77,
      schema: 'tidings',
      table: 'outbox',
      replicaIdentity: 'default',
      columns: ['id', 'détail'],
      typeOids: [25, 25],
      inIdentity: [false, false],
    },
  });
});

test('an insert keeps text as it was sent: numbers, byte order marks, emptiness, null', () => {
  const now = ['12345678901234567890.10', '\uFEFFtext', '', null, '🚀'];
  expect(decodePgoutput(insert(77, now), 0)).toEqual({
    kind: 'insert',
    relationOid: 77,
    now,
  });
});

test('values survive the reuse of their buffer', () => {
  const chunk = insert(77, ['before']);
  const message = decodePgoutput(chunk, 0);
  chunk.fill(0);
  expect(message).toMatchObject({ now: ['before'] });
});

test('reads at an offset', () => {
  const chunk = Buffer.concat([Buffer.alloc(25, 0xff), begin(5)]);
  expect(decodePgoutput(chunk, 25)).toMatchObject({ kind: 'begin', xid: 5 });
});

test('other messages are named, broken ones refused', () => {
  expect(decodePgoutput(Buffer.from('Yrest'), 0)).toEqual({ kind: 'other', tag: 'Y' });
  expect(() => decodePgoutput(Buffer.alloc(0), 0)).toThrow('empty message');
  const unknownKind = insert(77, ['x']);
  unknownKind[8] = 0x62;
  expect(() => decodePgoutput(unknownKind, 0)).toThrow('a column of kind 98');
  expect(() => decodePgoutput(insert(77, ['whole']).subarray(0, -2), 0)).toThrow('without its end');
});

test('an update with its old row, with its old key, and with neither', () => {
  expect(decodePgoutput(update(77, ['1', unchanged], ['O', ['1', 'old']]), 0)).toEqual({
    kind: 'update',
    relationOid: 77,
    now: ['1', unchanged],
    before: { kind: 'full', values: ['1', 'old'] },
  });
  expect(decodePgoutput(update(77, ['2', 'new'], ['K', ['1', null]]), 0)).toMatchObject({
    before: { kind: 'key', values: ['1', null] },
  });
  expect(decodePgoutput(update(77, ['1', 'new']), 0)).toMatchObject({
    now: ['1', 'new'],
    before: undefined,
  });
});

test('of a long logical message only the beginning is kept', () => {
  const decoded = decodePgoutput(message(true, 'tidings.heartbeat.orders', 'x'.repeat(5_000)), 0);
  expect(decoded).toMatchObject({ content: 'x'.repeat(1_024) });
});

test('a delete, a truncate, and a logical message', () => {
  expect(decodePgoutput(remove(77, ['K', ['1', null]]), 0)).toEqual({
    kind: 'delete',
    relationOid: 77,
    before: { kind: 'key', values: ['1', null] },
  });
  expect(decodePgoutput(truncate([77, 78]), 0)).toEqual({
    kind: 'truncate',
    relationOids: [77, 78],
  });
  expect(decodePgoutput(message(true, 'tidings.heartbeat.orders', '{}'), 0)).toEqual({
    kind: 'message',
    transactional: true,
    prefix: 'tidings.heartbeat.orders',
    content: '{}',
  });
  expect(decodePgoutput(message(false, 'other', 'é'), 0)).toMatchObject({
    transactional: false,
    content: 'é',
  });
});
