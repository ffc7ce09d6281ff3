import { CaptureError } from '@tidings/relay';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { itemChange } from './item-change.ts';
import { brokenRecord, recordedStreamArn, streamRecord } from './stream-records.test-support.ts';

test('a record says the same in every shape', () => {
  fc.assert(
    fc.property(streamRecord, ({ json, sdk }) => {
      const change = itemChange(json);
      expect(itemChange(sdk, recordedStreamArn)).toEqual(change);
      // What Lambda passes went through JSON.
      expect(itemChange(JSON.parse(JSON.stringify(json)))).toEqual(change);
      expect(change).toMatchObject({ id: json.eventID, table: 'shop', region: 'eu-west-1' });
      expect(change.occurredAt.getMilliseconds()).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});

test('whatever a record is, it is read or refused with a reason', () => {
  fc.assert(
    fc.property(brokenRecord, (record) => {
      try {
        expect(itemChange(record as never)).toMatchObject({ id: expect.any(String) });
      } catch (error) {
        expect(error).toBeInstanceOf(CaptureError);
        expect((error as Error).message).toMatch(/\w+ .+/);
      }
    }),
    { numRuns: 2_000 },
  );
});
