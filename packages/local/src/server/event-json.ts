import type { AcceptedEvent } from '../accepted-event.ts';

/** An accepted event as it is told over HTTP. */
export interface EventJson {
  readonly seq: number;
  readonly bus: string;
  readonly busArn: string;
  readonly acceptedAt: number;
  readonly requestSeq: number;
  readonly entryIndex: number;
  /** Names of the rules that it matched. */
  readonly rules: readonly string[];
  /** JSON text of the delivered event. */
  readonly text: string;
}

export function eventJson(event: AcceptedEvent, rules: readonly string[]): EventJson {
  const { seq, bus, busArn, acceptedAt, requestSeq, entryIndex, text } = event;
  return { seq, bus, busArn, acceptedAt, requestSeq, entryIndex, rules, text };
}
