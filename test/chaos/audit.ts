/** What the outbox table holds at the end: what is in it was committed, and only that. */
export interface CommittedRow {
  readonly eventId: string;
  readonly idempotencyKey: string;
  readonly orderingKey: string;
  /** Rises within an ordering key. */
  readonly step: number;
  /** Something no bus takes. */
  readonly poison: boolean;
}

/** An event as the bus took it, in the order of acceptance. */
export interface TakenEvent {
  readonly eventId: string;
  readonly idempotencyKey: string;
}

/** A slot that the schedule took away. */
export interface CausedLoss {
  readonly kind: string;
  /** By the server's clock, in milliseconds. */
  readonly at: number;
}

/** One row of `tidings.incident`. */
export interface IncidentRow {
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
  /** Event ids of the letters in `tidings.dead_letter`. */
  readonly deadLetters: readonly string[];
  readonly losses: readonly CausedLoss[];
  readonly incidents: readonly IncidentRow[];
}

/** Holds the promise against the evidence; returns what breaks it, a sentence each. */
export function audit(evidence: Evidence): readonly string[] {
  return [
    ...auditTable(evidence),
    ...auditEvents(evidence),
    ...auditOrder(evidence),
    ...auditDeadLetters(evidence),
    ...auditIncidents(evidence),
  ];
}

/** The table against what the writers were told: the database itself keeps its word. */
function* auditTable({ rows, committed, rolledBack }: Evidence): Generator<string> {
  const kept = new Set(rows.map(({ idempotencyKey }) => idempotencyKey));
  for (const key of committed) {
    if (!kept.has(key)) yield `${key} was committed and is not in the outbox`;
  }
  for (const key of rolledBack) {
    if (kept.has(key)) yield `${key} was rolled back and is in the outbox`;
  }
}

function* auditEvents({ rows, events }: Evidence): Generator<string> {
  const owed = new Map(rows.filter((row) => !row.poison).map((row) => [row.idempotencyKey, row]));
  const taken = new Set<string>();
  for (const { eventId, idempotencyKey } of events) {
    const row = owed.get(idempotencyKey);
    if (row === undefined) yield `${idempotencyKey} is on the bus and was never committed`;
    else if (row.eventId !== eventId) {
      yield `${idempotencyKey} is on the bus as ${eventId} and was written as ${row.eventId}`;
    }
    taken.add(idempotencyKey);
  }
  for (const key of owed.keys()) {
    if (!taken.has(key)) yield `${key} was committed and is not on the bus`;
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

function* auditDeadLetters({ rows, deadLetters }: Evidence): Generator<string> {
  const planted = new Set(rows.filter(({ poison }) => poison).map(({ eventId }) => eventId));
  const parked = new Set(deadLetters);
  for (const eventId of planted) {
    if (!parked.has(eventId)) yield `poison ${eventId} is not among the dead letters`;
  }
  for (const eventId of parked) {
    if (!planted.has(eventId)) yield `${eventId} is among the dead letters and is no poison`;
  }
  if (parked.size < deadLetters.length) yield 'a dead letter was parked twice';
}

/** Losses that come while an incident is open belong to it. */
function* auditIncidents({ losses, incidents }: Evidence): Generator<string> {
  for (const { kind, at } of losses) {
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
