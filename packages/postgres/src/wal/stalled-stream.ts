/** Longest time without a look at the server while the bus takes nothing. */
const PARKED_MS = 300_000;

/** The stream was let go because nothing has been settled for long. */
export class StalledStream extends Error {
  override readonly name = 'StalledStream';
  readonly stalledForMs: number;
  /** When to look at the server again, if nothing is settled before. */
  readonly pauseMs: number;

  constructor(stalledForMs: number, idleSlotTimeoutMs: number) {
    super(
      'the bus has accepted nothing for long; the stream is closed so that the server can stop, ' +
        'the slot is kept',
    );
    this.stalledForMs = stalledForMs;
    this.pauseMs = idleSlotTimeoutMs > 0 ? Math.min(PARKED_MS, idleSlotTimeoutMs / 2) : PARKED_MS;
  }
}
