import type { Envelope } from '@tidings/contract';

/**
 * An event as EventBridge delivers it. `detail` is typed as a Tidings publisher
 * writes it; the bus itself takes any JSON object there.
 */
export interface DeliveredEvent<Data = unknown> extends Envelope<Data> {
  readonly version: '0';
  /** The id that the bus gave; a resend gets another one. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Set on an event that an archive's replay sent. */
  readonly 'replay-name'?: string;
}

/** What an accepted event is made of. */
export type AcceptedEventFields = Omit<AcceptedEvent, 'envelope' | 'text'>;
/** An event that gets its place when it is accepted. */
export type NewEvent = Omit<AcceptedEventFields, 'seq'>;

/**
 * One event that the bus took. It keeps the detail's text and parses it when asked,
 * so that a journal of several 100,000 stays small.
 */
export class AcceptedEvent {
  /** Place in the order of acceptance; the first is 1. */
  readonly seq: number;
  /** The id that the bus gave. */
  readonly id: string;
  /** Name of the bus. */
  readonly bus: string;
  readonly busArn: string;
  /** Of the sender, which need not be the bus's. */
  readonly account: string;
  readonly region: string;
  readonly source: string;
  readonly detailType: string;
  /** Milliseconds since 1970; delivered as whole seconds. */
  readonly time: number;
  readonly resources: readonly string[];
  /** JSON text of the detail, as it was sent. */
  readonly detail: string;
  /** `detail.metadata.eventId`, where the event has one. */
  readonly eventId: string | undefined;
  /** `detail.metadata.idempotencyKey`, where the event has one. */
  readonly idempotencyKey: string | undefined;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  /** `seq` of the request that carried the event; 0 for one that the bus sent itself. */
  readonly requestSeq: number;
  /** Position of the entry in its request. */
  readonly entryIndex: number;
  /** Name of the replay that sent the event. */
  readonly replayName: string | undefined;
  /** ARN of the rule that sent the event on from another bus. */
  readonly forwardedBy: string | undefined;
  /** X-Ray's, of the entry or the request; handed on to functions. */
  readonly traceHeader: string | undefined;

  /** @param seq Place in the order of acceptance. */
  constructor(fields: NewEvent, seq: number) {
    this.seq = seq;
    this.id = fields.id;
    this.bus = fields.bus;
    this.busArn = fields.busArn;
    this.account = fields.account;
    this.region = fields.region;
    this.source = fields.source;
    this.detailType = fields.detailType;
    this.time = fields.time;
    this.resources = fields.resources;
    this.detail = fields.detail;
    this.eventId = fields.eventId;
    this.idempotencyKey = fields.idempotencyKey;
    this.acceptedAt = fields.acceptedAt;
    this.requestSeq = fields.requestSeq;
    this.entryIndex = fields.entryIndex;
    this.replayName = fields.replayName;
    this.forwardedBy = fields.forwardedBy;
    this.traceHeader = fields.traceHeader;
  }

  /** The event as a target receives it, parsed anew at each read. */
  get envelope(): DeliveredEvent {
    return JSON.parse(this.text) as DeliveredEvent;
  }

  /** JSON text of the delivered event. The detail is passed on byte for byte. */
  get text(): string {
    const replay =
      this.replayName === undefined ? '' : `,"replay-name":${JSON.stringify(this.replayName)}`;
    return (
      `{"version":"0","id":"${this.id}","detail-type":${JSON.stringify(this.detailType)}` +
      `,"source":${JSON.stringify(this.source)},"account":"${this.account}"` +
      `,"time":"${wholeSeconds(this.time)}","region":"${this.region}"` +
      `,"resources":${JSON.stringify(this.resources)}${replay},"detail":${this.detail}}`
    );
  }
}

/**
 * An event as it comes to a bus again, by a replay or from another bus: it keeps its id,
 * account, region and time.
 */
export function again(
  event: AcceptedEvent,
  changed: Pick<NewEvent, 'acceptedAt'> & Partial<NewEvent>,
): NewEvent {
  return {
    id: event.id,
    bus: event.bus,
    busArn: event.busArn,
    account: event.account,
    region: event.region,
    source: event.source,
    detailType: event.detailType,
    time: event.time,
    resources: event.resources,
    detail: event.detail,
    eventId: event.eventId,
    idempotencyKey: event.idempotencyKey,
    replayName: event.replayName,
    forwardedBy: event.forwardedBy,
    traceHeader: event.traceHeader,
    requestSeq: 0,
    entryIndex: 0,
    ...changed,
  };
}

let latest = { second: Number.NaN, text: '' };

/** Nearly every event is of the second of the one before it, and a date is dear to write. */
function wholeSeconds(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== latest.second) {
    latest = { second, text: `${new Date(time).toISOString().slice(0, 19)}Z` };
  }
  return latest.text;
}
