import {
  checkDetail,
  checkEnvelope,
  checkNames,
  checkProducer,
  checkResources,
} from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import type { Envelope, EnvelopeMetadata, Producer } from './envelope.ts';
import { instantMs, isInstant } from './instant.ts';
import { freezeJson } from './json-data.ts';
import { freezeMade, isMadeHere } from './made-here.ts';
import { lambdaTraceHeader } from './trace-context.ts';

/** Longest X-Ray trace header in characters, as PutEvents documents it. */
const maxTraceHeaderLength = 500;

/**
 * An envelope whose `detail` is JSON text already: what is stored in an outbox and
 * what becomes an entry of PutEvents, byte for byte, so that no number is rewritten
 * between the two.
 */
export interface SealedEvent {
  readonly source: string;
  readonly detailType: string;
  readonly time: Date;
  readonly resources: readonly string[];
  /** JSON text of `{ metadata, data }`. */
  readonly detail: string;
  readonly eventId: string;
  readonly idempotencyKey: string;
  readonly orderingKey: string | undefined;
  /** X-Ray trace header, which travels beside the event, not in it. */
  readonly traceHeader: string | undefined;
}

/** What `seal` may add to an envelope. */
export interface SealOptions {
  /** Written to `metadata.producer` where the envelope names none. */
  readonly producer?: Producer;
  /** Default: the X-Ray header of the Lambda invocation that runs, if one does. */
  readonly traceHeader?: string;
}

function checkTraceHeader(traceHeader: unknown): void {
  if (traceHeader === undefined) return;
  if (
    typeof traceHeader !== 'string' ||
    traceHeader === '' ||
    traceHeader.length > maxTraceHeaderLength
  ) {
    throw new ContractError(
      `traceHeader must be a string of 1 to ${maxTraceHeaderLength} characters, or be left out`,
    );
  }
}

function jsonText(detail: object): string {
  try {
    return JSON.stringify(detail);
  } catch {
    throw new ContractError(
      'detail is longer than any text can be: publish less, or what names the data',
    );
  }
}

/**
 * Checks an envelope and serialises it once; everything after it passes the text on.
 * @throws ContractError for an envelope that is malformed, whoever made it.
 */
export function seal(envelope: Envelope, options: SealOptions = {}): SealedEvent {
  const isChecked = isMadeHere(envelope, 'envelope');
  if (!isChecked) checkEnvelope(envelope);
  const traceHeader = options.traceHeader ?? lambdaTraceHeader();
  checkTraceHeader(traceHeader);
  const { metadata, data } = envelope.detail;
  const { producer } = options;
  checkProducer(producer);
  const stamped =
    producer === undefined || metadata.producer !== undefined
      ? metadata
      : { ...metadata, producer };
  const sealed: SealedEvent = {
    source: envelope.source,
    detailType: envelope['detail-type'],
    time: new Date(instantMs(metadata.occurredAt)),
    resources: envelope.resources,
    detail: jsonText({
      metadata: stamped,
      data: isChecked ? data : freezeJson(data, () => false).data,
    }),
    eventId: metadata.eventId,
    idempotencyKey: metadata.idempotencyKey,
    orderingKey: metadata.orderingKey,
    traceHeader,
  };
  return freezeMade(sealed, 'sealed event');
}

function readDetail(detail: unknown): { metadata: EnvelopeMetadata } {
  let value: unknown;
  try {
    value = JSON.parse(String(detail));
  } catch {
    throw new ContractError('detail of a sealed event must be JSON text: make it with seal');
  }
  checkDetail(value);
  return value as { metadata: EnvelopeMetadata };
}

/**
 * Checks a sealed event that may come from anywhere. One that `seal` made costs nothing;
 * of any other the text is parsed, and must say the same as the fields beside it.
 * @throws ContractError
 */
export function checkSealed(event: SealedEvent): void {
  if (isMadeHere(event, 'sealed event')) return;
  // Which domain words are facts was decided where the event was made.
  checkNames(event.source, event.detailType, 'not-a-verb');
  checkResources(event.resources);
  checkTraceHeader(event.traceHeader);
  if (!isInstant(event.time)) {
    throw new ContractError(
      'time of a sealed event must be a Date that is valid, of the years 0 to 9999',
    );
  }
  const { metadata } = readDetail(event.detail);
  for (const key of ['eventId', 'idempotencyKey', 'orderingKey'] as const) {
    if (event[key] !== metadata[key]) {
      throw new ContractError(
        `${key} of a sealed event must be that of its detail: make it with seal`,
      );
    }
  }
}
