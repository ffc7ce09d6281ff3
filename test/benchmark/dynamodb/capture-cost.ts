import { type Envelope, seal } from '@tidings/contract';
import { itemChange } from '@tidings/dynamodb';
import { answerQuestions } from '../support/worker-process.ts';
import { batchOf, capture } from './item-records.ts';

// Normal form, capture and seal, without anything that waits.

export interface CaptureOrder {
  readonly count: number;
}

export interface CaptureReport {
  readonly recordsPerSecond: number;
  readonly normalFormMicros: number;
  readonly captureMicros: number;
  readonly sealMicros: number;
  /** Bytes of a sealed event. */
  readonly detailBytes: number;
}

function cpuMicros(run: () => void, count: number): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

answerQuestions<CaptureOrder, CaptureReport>(async ({ count }) => {
  // As it arrives: parsed from JSON.
  const { Records } = JSON.parse(JSON.stringify(batchOf(count))) as ReturnType<typeof batchOf>;
  let detailBytes = 0;
  const whole = cpuMicros(() => {
    for (const record of Records) {
      for (const event of capture.capture(itemChange(record))) {
        detailBytes = seal(event as Envelope).detail.length;
      }
    }
  }, count);
  let changes: ReturnType<typeof itemChange>[] = [];
  const normalFormMicros = cpuMicros(() => {
    changes = Records.map((record) => itemChange(record));
  }, count);
  let events: Envelope[] = [];
  const captureMicros = cpuMicros(() => {
    events = changes.flatMap((change) => capture.capture(change) as Envelope[]);
  }, count);
  const sealMicros = cpuMicros(() => {
    for (const event of events) seal(event);
  }, count);
  return {
    recordsPerSecond: 1e6 / whole,
    normalFormMicros,
    captureMicros,
    sealMicros,
    detailBytes,
  };
});
