import { type Fault, startLocalBus } from '@tidings/local';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const when = fc.oneof(
  fc.constant({}),
  fc.record({ every: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ first: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ probability: fc.double({ min: 0, max: 1, noNaN: true }), seed: fc.nat() }),
  fc.record({ nth: fc.array(fc.integer({ min: 1, max: 5 })), times: fc.nat({ max: 2 }) }),
);
const choice = fc.oneof(
  fc.constant({}),
  fc.record({ indices: fc.array(fc.nat({ max: 9 }), { maxLength: 4 }) }),
  fc.record({ fraction: fc.double({ min: 0, max: 1, noNaN: true }) }),
);
// Those whose answer is one: what breaks the connection is tested elsewhere.
const action = fc.oneof(
  choice.map((some) => ({ type: 'entry-fail', code: 'InternalFailure', ...some })),
  choice.map((some) => ({ type: 'silent-drop', ...some })),
  fc
    .constantFrom('throttle', '500', '413-empty')
    .map((preset) => ({ type: 'request-fail', preset })),
  fc.constant({ type: 'commit-then', symptom: 'status', status: 500 }),
  fc.constant({ type: 'token-bucket', ratePerSec: 0, burst: 3, unit: 'entries', scope: 'entry' }),
);
const faults = fc.array(fc.record({ when, action }), { maxLength: 4 }) as fc.Arbitrary<Fault[]>;
const entry = fc.record(
  {
    Source: fc.constantFrom('com.acme', 'aws.s3', ''),
    DetailType: fc.constantFrom('OrderPlaced', 'x'.repeat(129)),
    Detail: fc.constantFrom('{}', '{"metadata":{"eventId":"e"}}', '[]', '{', 'null'),
    EventBusName: fc.constantFrom('default', 'nowhere'),
  },
  { requiredKeys: [] },
);
const requests = fc.array(fc.array(entry, { minLength: 0, maxLength: 11 }), {
  minLength: 1,
  maxLength: 6,
});

test('what the bus answers and what it has agree, whatever the faults', async () => {
  const bus = await startLocalBus();
  await fc.assert(
    fc.asyncProperty(faults, requests, async (someFaults, someRequests) => {
      bus.reset();
      bus.setFaults(someFaults);
      for (const Entries of someRequests) {
        const before = bus.events.length;
        const response = await fetch(bus.url, {
          method: 'POST',
          headers: { 'x-amz-target': 'AWSEvents.PutEvents' },
          body: JSON.stringify({ Entries }),
        });
        const text = await response.text();
        const record = bus.requests.at(-1);
        const committed = (record?.entries ?? []).filter((each) => each.committed);
        expect(bus.events.slice(before).map((event) => event.id)).toEqual(
          committed.map((each) => each.id),
        );
        expect(record?.answer).toMatchObject({ kind: 'answered', status: response.status });
        if (response.status !== 200) continue;
        const output = JSON.parse(text);
        expect(output.Entries).toHaveLength(Entries.length);
        expect(output.Entries.filter((each: object) => 'ErrorCode' in each)).toHaveLength(
          output.FailedEntryCount,
        );
        for (const [index, each] of output.Entries.entries()) {
          const kept = record?.entries[index];
          expect(each.EventId).toBe(kept?.id);
          expect(each.ErrorCode).toBe(kept?.errorCode);
          expect(kept?.committed).toBe(each.EventId !== undefined && kept?.dropped === undefined);
        }
      }
      const entries = bus.requests.flatMap((record) => record.entries);
      expect(bus.summary()).toMatchObject({
        requests: someRequests.length,
        entries: entries.length,
        accepted: entries.filter((each) => each.committed).length,
        lost: entries.filter((each) => each.dropped !== undefined).length,
      });
      expect(bus.lost()).toHaveLength(bus.summary().lost);
    }),
    { numRuns: 300 },
  );
  await bus.stop();
});

test('the same seeds give the same faults', async () => {
  const bus = await startLocalBus();
  const play = async (someFaults: readonly Fault[], counts: readonly number[]) => {
    bus.reset();
    bus.setFaults(someFaults);
    const statuses: number[] = [];
    for (const count of counts) {
      const response = await fetch(bus.url, {
        method: 'POST',
        headers: { 'x-amz-target': 'AWSEvents.PutEvents' },
        body: JSON.stringify({
          Entries: Array.from({ length: count }, (_, n) => ({
            Source: 'com.acme',
            DetailType: 'OrderPlaced',
            Detail: JSON.stringify({ n }),
          })),
        }),
      });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    const fates = bus.requests.map((record) =>
      record.entries.map((each) => [each.committed, each.errorCode, each.dropped]),
    );
    return { statuses, fates };
  };
  await fc.assert(
    fc.asyncProperty(
      faults,
      fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 6 }),
      async (someFaults, counts) => {
        expect(await play(someFaults, counts)).toEqual(await play(someFaults, counts));
      },
    ),
    { numRuns: 100 },
  );
  await bus.stop();
});
