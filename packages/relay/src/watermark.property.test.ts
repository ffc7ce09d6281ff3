import fc from 'fast-check';
import { expect, test } from 'vitest';
import { positionOf } from './position.ts';
import { type PendingGroup, Watermark } from './watermark.ts';

/** A history: groups that open, each with some events, and an order of settling. */
const history = fc
  .array(
    fc.record({ events: fc.nat(4), hasPosition: fc.boolean(), openAfterSettling: fc.nat(6) }),
    { minLength: 1, maxLength: 60 },
  )
  .chain((groups) =>
    fc.record({
      groups: fc.constant(groups),
      picks: fc.array(fc.nat(1_000_000), { minLength: 0, maxLength: 240 }),
    }),
  );

test('a checkpoint never passes an unsettled record, and reaches every settled prefix', () => {
  fc.assert(
    fc.property(history, ({ groups, picks }) => {
      const watermark = new Watermark();
      const opened: { group: PendingGroup; left: number; position: string | undefined }[] = [];
      let pick = 0;

      const check = (): void => {
        // The model: walk the groups in order until one owes something.
        let expected: string | undefined;
        let inFlight = 0;
        let blocked = false;
        for (const each of opened) {
          if (each.left > 0) blocked = true;
          if (blocked) inFlight += 1;
          else if (each.position !== undefined) expected = each.position;
        }
        expect(watermark.checkpoint).toBe(expected);
        expect(watermark.groupsInFlight).toBe(inFlight);
        expect(watermark.bytesInFlight).toBe(inFlight * 10);
      };
      const settleOne = (): void => {
        const owing = opened.filter((each) => each.left > 0);
        const chosen = owing[(picks[pick++ % Math.max(1, picks.length)] ?? 0) % owing.length];
        if (chosen === undefined) return;
        chosen.left -= 1;
        watermark.settle(chosen.group);
        check();
      };

      groups.forEach(({ events, hasPosition, openAfterSettling }, index) => {
        const position = hasPosition ? `p${index}` : undefined;
        const group = watermark.open(
          position === undefined ? undefined : positionOf(position),
          10,
          events,
        );
        opened.push({ group, left: events, position });
        check();
        for (let i = 0; i < openAfterSettling; i++) settleOne();
      });
      while (opened.some((each) => each.left > 0)) settleOne();
      expect(watermark.groupsInFlight).toBe(0);
    }),
  );
});

test('the queue stays small over a long run', () => {
  const watermark = new Watermark();
  for (let i = 0; i < 100_000; i++) {
    watermark.settle(watermark.open(positionOf(String(i)), 1, 1));
  }
  expect(watermark.checkpoint).toBe('99999');
  expect(watermark.groupsInFlight).toBe(0);
});

test('a group that is settled twice is a defect, not a checkpoint', () => {
  const watermark = new Watermark();
  const group = watermark.open(positionOf('1'), 1, 1);
  watermark.settle(group);
  expect(() => watermark.settle(group)).toThrow('settled again');
});
