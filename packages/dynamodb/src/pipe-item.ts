import {
  checkSealed,
  type EnvelopeMetadata,
  type Producer,
  type PublishableEvent,
  type SealedEvent,
  seal,
} from '@tidings/contract';

/**
 * One event as an enrichment returns it: the routing fields where a Pipe's dynamic paths
 * find them, and the two halves of `detail`, which the target's input template puts
 * together.
 */
export interface PipeItem {
  /** Id of the stream record, by which a Pipe tells which records failed. */
  readonly eventID: string;
  readonly source: string;
  readonly detailType: string;
  /** ISO 8601 to the second, UTC. */
  readonly time: string;
  readonly resources: readonly string[];
  readonly metadata: EnvelopeMetadata;
  readonly data: unknown;
}

/**
 * What the target of the Pipe is set to, under the names of its API. The paths read the
 * enrichment's answer, which is all they can read; the template makes `detail` exactly
 * `metadata` and `data`.
 */
export const pipeTargetParameters: {
  readonly InputTemplate: string;
  readonly EventBridgeEventBusParameters: {
    readonly Source: string;
    readonly DetailType: string;
    readonly Time: string;
  };
} = Object.freeze({
  InputTemplate: '{"metadata": <$.metadata>, "data": <$.data>}',
  EventBridgeEventBusParameters: Object.freeze({
    Source: '$.source',
    DetailType: '$.detailType',
    Time: '$.time',
  }),
});

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof event.detail === 'string';
}

/**
 * Checks an event as a publisher would and lays it out for the Pipe.
 * @throws ContractError where the event is malformed.
 */
export function pipeItem(
  eventID: string,
  event: PublishableEvent,
  producer: Producer | undefined,
): PipeItem {
  if (isSealed(event)) checkSealed(event);
  const sealed = isSealed(event) ? event : seal(event, producer === undefined ? {} : { producer });
  const { metadata, data } = JSON.parse(sealed.detail) as Pick<PipeItem, 'metadata' | 'data'>;
  return {
    eventID,
    source: sealed.source,
    detailType: sealed.detailType,
    time: `${metadata.occurredAt.slice(0, 19)}Z`,
    resources: sealed.resources,
    metadata,
    data,
  };
}
