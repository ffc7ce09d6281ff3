import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ulidFactory } from './event-id.ts';

it('rises strictly, whatever the clock does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 2 }),
      fc.constantFrom(0, 128, 255),
      (times, byte) => {
        const clock = times.values();
        const next = ulidFactory({
          now: () => clock.next().value ?? 0,
          random: (bytes) => bytes.fill(byte),
        });
        const ids = times.map(() => next());
        for (const id of ids) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
        for (const [index, id] of ids.entries()) {
          if (index > 0) expect(id > (ids[index - 1] ?? '')).toBe(true);
        }
      },
    ),
  );
});

it('writes the time as the specification has it', () => {
  const next = ulidFactory({ now: () => 1_469_918_176_385, random: (bytes) => bytes.fill(0) });
  expect(next()).toBe('01ARYZ6S410000000000000000');
});
