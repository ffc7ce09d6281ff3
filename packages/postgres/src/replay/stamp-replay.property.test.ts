import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stampReplay } from './stamp-replay.ts';

const replay = { name: 'after "the" outage', at: '2026-06-07T02:00:00.123Z' };

test('only metadata.replay is new, and the rest is the text that it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.jsonValue(),
      fc.constantFrom(undefined, 2),
      fc.boolean(),
      (metadata, data, space, dataFirst) => {
        const envelope = dataFirst ? { data, metadata } : { metadata, data };
        const text = JSON.stringify(envelope, undefined, space);
        const stamped = stampReplay(text, replay);
        const { replay: written, ...rest } = JSON.parse(stamped).metadata;
        expect(written).toEqual(replay);
        const { replay: _, ...before } = JSON.parse(text).metadata;
        expect(rest).toEqual(before);
        expect(JSON.parse(stamped).data).toEqual(JSON.parse(text).data);
        // Stamping once more replaces: nothing grows.
        expect(stampReplay(stamped, replay)).toBe(stamped);
      },
    ),
  );
});

test('numbers keep their digits', () => {
  const text = '{"metadata":{"eventId":"a"},"data":{"price":1.10,"n":12345678901234567890}}';
  expect(stampReplay(text, { name: 'r', at: 't' })).toBe(
    '{"metadata":{"eventId":"a","replay":{"name":"r","at":"t"}},' +
      '"data":{"price":1.10,"n":12345678901234567890}}',
  );
});

test.each(['{"data":1}', '{"metadata":1,"data":1}', '[]'])('%s cannot be stamped', (text) => {
  expect(() => stampReplay(text, replay)).toThrow();
});
