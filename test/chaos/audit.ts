/** What the writers' journal holds at the end: what is in it was committed, and only that. */
export interface CommittedRow {
  /** Null where the id comes from the change's place in the log. */
  readonly eventId: string | null;
  readonly idempotencyKey: string;
  readonly orderingKey: string;
  /** Rises within an ordering key. */
  readonly step: number;
  /** Something no bus takes. */
  readonly poison: boolean;
  /** Somebody emptied the table, perhaps before the row was read. */
  readonly truncated: boolean;
}

/** An event as the bus took it, in the order of acceptance. */
export interface TakenEvent {
  readonly eventId: string;
  readonly idempotencyKey: string;
}

/** A slot that the schedule took away. */
export interface CausedLoss {
  readonly kind: string;
  /** Whether it must raise an incident: what came under another name may be read all the same. */
  readonly certain: boolean;
  /** By the server's clock, in milliseconds. */
  readonly at: number;
}

/** One row of `tidings.incident`. */
export interface IncidentRow {
  readonly id: string;
  readonly reason: string;
  readonly openedAt: number;
  readonly closedAt: number | undefined;
}

/** All that is known when a run is over. */
export interface Evidence {
  readonly rows: readonly CommittedRow[];
  readonly events: readonly TakenEvent[];
  /** Idempotency keys whose COMMIT was answered. */
  readonly committed: ReadonlySet<string>;
  /** Idempotency keys whose ROLLBACK was answered. */
  readonly rolledBack: ReadonlySet<string>;
  /** Idempotency keys of the letters in `tidings.dead_letter`. */
  readonly deadLetters: readonly string[];
  /** Whether an event keeps its id when it comes again after a lost slot. */
  readonly keepsIds: boolean;
  /** What the relays wrote. */
  readonly log: string;
  readonly peakMiB: number;
  readonly ceilingMiB: number;
  /** The longest time in which something was owed and there was neither event nor line. */
  readonly longestSilenceMs: number;
  readonly losses: readonly CausedLoss[];
  readonly incidents: readonly IncidentRow[];
}

/** No wait is silent for longer than ten seconds; the rest is what looking takes. */
const SILENCE_MS = 12_000;

/** Holds the promise against the evidence; returns what breaks it, a sentence each. */
export function audit(evidence: Evidence): readonly string[] {
  return [
    ...auditTable(evidence),
    ...auditEvents(evidence),
    ...auditOrder(evidence),
    ...auditDeadLetters(evidence),
    ...auditIncidents(evidence),
    ...auditBehaviour(evidence),
  ];
}

/** The table against what the writers were told: the database itself keeps its word. */
function* auditTable({ rows, committed, rolledBack }: Evidence): Generator<string> {
  const kept = new Set(rows.map(({ idempotencyKey }) => idempotencyKey));
  for (const key of committed) {
    if (!kept.has(key)) yield `${key} was committed and is not in the journal`;
  }
  for (const key of rolledBack) {
    if (kept.has(key)) yield `${key} was rolled back and is in the journal`;
  }
}

function* auditEvents({ rows, events, keepsIds }: Evidence): Generator<string> {
  const owed = new Map(rows.filter((row) => !row.poison).map((row) => [row.idempotencyKey, row]));
  const taken = new Map<string, string>();
  for (const { eventId, idempotencyKey } of events) {
    const row = owed.get(idempotencyKey);
    const expected = row?.eventId ?? taken.get(idempotencyKey) ?? eventId;
    if (row === undefined) yield `${idempotencyKey} is on the bus and was never committed`;
    else if (keepsIds && eventId !== expected) {
      yield `${idempotencyKey} is on the bus as ${eventId} and was written as ${expected}`;
    }
    taken.set(idempotencyKey, eventId);
  }
  for (const { idempotencyKey, truncated } of owed.values()) {
    if (!taken.has(idempotencyKey) && !truncated) {
      yield `${idempotencyKey} was committed and is not on the bus`;
    }
  }
}

/** First deliveries of an ordering key come in the order of its steps. */
function* auditOrder({ rows, events }: Evidence): Generator<string> {
  const rowOf = new Map(rows.map((row) => [row.idempotencyKey, row]));
  const last = new Map<string, CommittedRow>();
  const seen = new Set<string>();
  for (const { idempotencyKey } of events) {
    const row = rowOf.get(idempotencyKey);
    if (row === undefined || seen.has(idempotencyKey)) continue;
    seen.add(idempotencyKey);
    const before = last.get(row.orderingKey);
    if (before !== undefined && before.step > row.step) {
      yield `${idempotencyKey} came to the bus after ${before.idempotencyKey}`;
    } else {
      last.set(row.orderingKey, row);
    }
  }
}

function* auditDeadLetters({ rows, deadLetters, keepsIds }: Evidence): Generator<string> {
  const planted = new Map(
    rows.filter(({ poison }) => poison).map((row) => [row.idempotencyKey, row]),
  );
  const parked = new Set(deadLetters);
  for (const [key, { truncated }] of planted) {
    if (!parked.has(key) && !truncated) yield `poison ${key} is not among the dead letters`;
  }
  for (const key of parked) {
    if (!planted.has(key)) yield `${key} is among the dead letters and is no poison`;
  }
  if (keepsIds && parked.size < deadLetters.length) yield 'a dead letter was parked twice';
}

/** What a person on call would see of it. */
function* auditBehaviour(evidence: Evidence): Generator<string> {
  const { incidents, log, peakMiB, ceilingMiB, longestSilenceMs } = evidence;
  for (const { id, reason } of incidents) {
    if (!log.includes(`"incident":"${id}"`))
      yield `the log does not name incident ${id} (${reason})`;
  }
  if (peakMiB > ceilingMiB) {
    yield `a relay took ${Math.round(peakMiB)} MiB, more than ${ceilingMiB}`;
  }
  if (longestSilenceMs > SILENCE_MS) {
    yield `something was owed for ${longestSilenceMs} ms without an event or a line of the log`;
  }
}

/** Losses that come while an incident is open belong to it. */
function* auditIncidents({ losses, incidents }: Evidence): Generator<string> {
  for (const { kind, at } of losses.filter(({ certain }) => certain)) {
    const raised = incidents.some(({ closedAt }) => closedAt === undefined || closedAt >= at);
    if (!raised) yield `"${kind}" raised no incident`;
  }
  for (const { reason, openedAt, closedAt } of incidents) {
    if (closedAt === undefined) yield `an incident (${reason}) is still open`;
    if (!losses.some(({ at }) => at <= openedAt)) {
      yield `an incident (${reason}) was raised although no slot was lost`;
    }
  }
  if (incidents.length > losses.length) {
    const reasons = incidents.map(({ reason }) => reason).join(', ');
    yield `${losses.length} losses raised ${incidents.length} incidents: ${reasons}`;
  }
}
