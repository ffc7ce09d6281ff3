import { expect, test } from 'vitest';
import { BookmarkTrail } from './bookmark-trail.ts';

const heartbeat = (lsn: bigint, fingerprint: string | null = 'f') => ({
  lsn,
  content: JSON.stringify({ snapshot: `${lsn}:${lsn}:`, at: '2026-11-21T10:00:00Z', fingerprint }),
});

test('a bookmark is valid once everything up to its heartbeat is settled, and not before', () => {
  const trail = new BookmarkTrail();
  trail.expect('f');
  expect(trail.note(heartbeat(100n))).toBe(true);
  expect(trail.note(heartbeat(200n))).toBe(true);
  expect(trail.validAt(99n)).toBeUndefined();
  expect(trail.validAt(100n)?.lsn).toBe(100n);
  expect(trail.validAt(500n)).toEqual({
    snapshot: '200:200:',
    at: '2026-11-21T10:00:00Z',
    lsn: 200n,
  });
});

test('one that was stored makes the older ones go, and stays until it was stored', () => {
  const trail = new BookmarkTrail();
  trail.expect('f');
  for (const lsn of [100n, 200n, 300n]) trail.note(heartbeat(lsn));
  const valid = trail.validAt(250n);
  expect(trail.validAt(250n)).toEqual(valid);
  trail.adopted(valid as NonNullable<typeof valid>);
  expect(trail.validAt(250n)).toBeUndefined();
  expect(trail.validAt(300n)?.lsn).toBe(300n);
});

test('a heartbeat through another publication is no bookmark', () => {
  const trail = new BookmarkTrail();
  trail.expect('f');
  expect(trail.note(heartbeat(100n, 'g'))).toBe(false);
  expect(trail.note(heartbeat(200n, null))).toBe(false);
  expect(trail.validAt(500n)).toBeUndefined();
});

test('nothing of one history is a bookmark of the next', () => {
  const trail = new BookmarkTrail();
  trail.expect('f');
  trail.note(heartbeat(100n));
  trail.clear();
  expect(trail.validAt(500n)).toBeUndefined();
});
