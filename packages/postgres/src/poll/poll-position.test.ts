import { expect, test } from 'vitest';
import { parseHorizons, positionOfHorizons } from './poll-position.ts';

test('a position is read as it was written', () => {
  const horizons = {
    timeline: 3,
    at: '2026-06-07T02:00:00.123456+00:00',
    horizons: new Map([
      [0, 18_446_744_073_709_551_000n],
      [7, 0n],
    ]),
  };
  expect(parseHorizons(positionOfHorizons(horizons))).toEqual(horizons);
});

test.each(['', '16/B374D848', '1 now 0', '1 now 0=x', 'x now 0=1'])('"%s" is refused', (text) => {
  expect(() => parseHorizons(text)).toThrow(`"${text}" is not a poller's position`);
});
