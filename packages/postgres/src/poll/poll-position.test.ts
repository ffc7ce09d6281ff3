import { expect, test } from 'vitest';
import { parseProgress, positionOfProgress } from './poll-position.ts';

test('a position is read as it was written', () => {
  const progress = {
    timeline: 3,
    at: '2026-06-07T02:00:00.123456+00:00',
    shards: new Map([
      [0, { readTo: { xmax: 18_446_744_073_709_551_000n, running: [3n, 5n] }, within: undefined }],
      [
        7,
        {
          readTo: { xmax: 1n, running: [] },
          within: { to: { xmax: 9n, running: [4n] }, after: '12' },
        },
      ],
    ]),
  };
  expect(parseProgress(positionOfProgress(progress))).toEqual(progress);
});

test.each(['', '16/B374D848', '1 now 0=1', '1 now 0=x', 'x now 0=1:1:'])(
  '"%s" is refused',
  (text) => {
    expect(() => parseProgress(text)).toThrow(`"${text}" is not a poller's position`);
  },
);
