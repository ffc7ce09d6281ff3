import { expect, it } from 'vitest';
import { readAnswer } from './answer.ts';

const unknown = { kind: 'unknown' };

it('reads results by position', () => {
  const body = {
    FailedEntryCount: 1,
    Entries: [{ EventId: 'b1' }, { ErrorCode: 'InternalFailure', ErrorMessage: 'oops' }],
  };
  expect(readAnswer(body, 2)).toEqual([
    { kind: 'accepted', busEventId: 'b1' },
    { kind: 'failed', code: 'InternalFailure', message: 'oops' },
  ]);
});

it.each([
  ['nothing', undefined],
  ['null', null],
  ['a string', 'ok'],
  ['no entries', { FailedEntryCount: 0 }],
  ['entries that are no list', { Entries: { 0: { EventId: 'b' } } }],
  ['fewer results', { Entries: [{ EventId: 'b' }] }],
  ['more results', { Entries: [{ EventId: 'b' }, { EventId: 'c' }, { EventId: 'd' }] }],
])('takes no success from %s', (_, body) => {
  expect(readAnswer(body, 2)).toEqual([unknown, unknown]);
});

it.each([
  ['null', null],
  ['a string', 'b1'],
  ['neither id nor code', {}],
  ['an empty id', { EventId: '' }],
  ['an id that is no string', { EventId: 7 }],
  ['a code that is no string', { EventId: 'b1', ErrorCode: 7 }],
])('takes no success from a result that is %s', (_, result) => {
  expect(readAnswer({ Entries: [result] }, 1)).toEqual([unknown]);
});

it('counts an entry with id and code as failed', () => {
  expect(readAnswer({ Entries: [{ EventId: 'b', ErrorCode: 'X' }] }, 1)).toEqual([
    { kind: 'failed', code: 'X', message: '' },
  ]);
});
