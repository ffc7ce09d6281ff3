import Table from 'cli-table3';
import type { Tally } from './tally.ts';

/** The demo's closing table. */
export function demoReport(tally: Tally, seconds: number): string {
  const table = new Table({
    colAligns: ['left', 'right'],
    style: { border: process.stdout.isTTY ? ['grey'] : [] },
  });
  const count = (value: number): string => value.toLocaleString('en-US');
  const recognised =
    tally.unrecognisable === 0
      ? 'all with the eventId and idempotencyKey of the first'
      : `${count(tally.unrecognisable)} WITH OTHER KEYS`;
  table.push(
    ['orders placed', count(tally.placed)],
    ['orders rolled back', count(tally.rolledBack)],
    ['distinct events on the bus', count(tally.distinct)],
    ['lost', count(tally.lost)],
    ['events of rolled-back orders', count(tally.phantom)],
    ['duplicates', `${count(tally.duplicates)} (${recognised})`],
    ['events a second', count(Math.round(tally.distinct / seconds))],
    ['commit to bus, p50', `${tally.latencyP50Ms.toFixed(0)} ms`],
    ['commit to bus, p99', `${tally.latencyP99Ms.toFixed(0)} ms (the killed relay included)`],
  );
  return table.toString();
}

/** True when the promise held: nothing lost, nothing invented, duplicates recognisable. */
export function promiseHeld(tally: Tally): boolean {
  return tally.lost === 0 && tally.phantom === 0 && tally.unrecognisable === 0;
}
