import { expect, test } from 'vitest';
import { decodePgoutput } from './pgoutput.ts';
import { begin, commit, insert, relation } from './pgoutput-encoding.test-support.ts';

test('begin and commit', () => {
  expect(decodePgoutput(begin(4_000_000_000), 0)).toEqual({ kind: 'begin', xid: 4_000_000_000 });
  expect(decodePgoutput(commit(0x16b374d848n), 0)).toEqual({
    kind: 'commit',
    endLsn: 0x16b374d848n,
  });
});

test('a relation with its columns in order', () => {
  expect(decodePgoutput(relation(77, 'tidings', 'outbox', ['id', 'détail']), 0)).toEqual({
    kind: 'relation',
    relation: { oid: 77, schema: 'tidings', table: 'outbox', columns: ['id', 'détail'] },
  });
});

test('an insert keeps text as it was sent: numbers, byte order marks, emptiness, null', () => {
  const values = ['12345678901234567890.10', '\uFEFFtext', '', null, '🚀'];
  expect(decodePgoutput(insert(77, values), 0)).toEqual({
    kind: 'insert',
    relationOid: 77,
    values,
  });
});

test('values survive the reuse of their buffer', () => {
  const chunk = insert(77, ['before']);
  const message = decodePgoutput(chunk, 0);
  chunk.fill(0);
  expect(message).toMatchObject({ values: ['before'] });
});

test('reads at an offset', () => {
  const chunk = Buffer.concat([Buffer.alloc(25, 0xff), begin(5)]);
  expect(decodePgoutput(chunk, 25)).toEqual({ kind: 'begin', xid: 5 });
});

test('other messages are named, broken ones refused', () => {
  expect(decodePgoutput(Buffer.from('Trest'), 0)).toEqual({ kind: 'other', tag: 'T' });
  expect(() => decodePgoutput(Buffer.alloc(0), 0)).toThrow('empty message');
  const unknownKind = insert(77, ['x']);
  unknownKind[8] = 0x75;
  expect(() => decodePgoutput(unknownKind, 0)).toThrow('a column of kind 117');
});
