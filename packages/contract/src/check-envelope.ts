import { ContractError } from './contract-error.ts';
import { checkVersion } from './contract-version.ts';
import type { Envelope } from './envelope.ts';
import { checkDetailType, type FactNameRule } from './fact-name.ts';
import { instantMs, timeOf } from './instant.ts';
import {
  checkKey,
  maxEventIdLength,
  maxIdempotencyKeyLength,
  maxOrderingKeyLength,
} from './key-bounds.ts';
import { checkSource } from './source-name.ts';

/** Longest resource in characters, as PutEvents documents it. */
const maxResourceLength = 2048;
const traceContext = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

// A service has few contracts and many events, so that names which were found to be
// right once are only looked up. The bound is for a caller who makes names from data.
const maxKnownSources = 100;
const maxKnownTypes = 1000;
type KnownNames = Map<unknown, Set<unknown>>;
const knownNames: Record<FactNameRule, KnownNames> = {
  'past-tense': new Map(),
  'not-a-verb': new Map(),
};

// Kept in the global object: an event may be made by one copy of this package in a bundle
// and sealed by another.
const admitted: unique symbol = Symbol.for('@tidings/contract.admitted-names');
const scope: { [admitted]?: Set<unknown> } = globalThis as object;
scope[admitted] ??= new Set();
const admittedNames = scope[admitted];

/** Lets a name pass that a contract of this process says is a domain word. */
export function admitName(detailType: string): void {
  admittedNames.add(detailType);
}

/** @throws ContractError */
export function checkNames(source: unknown, detailType: unknown, rule: FactNameRule): void {
  const known = knownNames[rule];
  if (known.get(source)?.has(detailType) === true) return;
  checkSource(source);
  checkDetailType(detailType, admittedNames.has(detailType) ? 'not-a-verb' : rule);
  if (known.size >= maxKnownSources) known.clear();
  const types = known.get(source) ?? new Set();
  if (types.size >= maxKnownTypes) types.clear();
  known.set(source, types.add(detailType));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkInstant(name: string, value: unknown): asserts value is string {
  if (Number.isNaN(instantMs(value))) {
    throw new ContractError(
      `${name} must be ISO 8601 in UTC with milliseconds, such as "2026-06-07T02:00:00.123Z"`,
    );
  }
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw new ContractError(`${name} must be a string that is not empty, or be left out`);
  }
}

/** @throws ContractError for anything but a producer or undefined. */
export function checkProducer(producer: unknown): void {
  if (producer === undefined) return;
  if (!isRecord(producer)) {
    throw new ContractError('metadata.producer must be { service, build? }, or be left out');
  }
  checkText('metadata.producer.service', producer.service);
  if (producer.build !== undefined) checkText('metadata.producer.build', producer.build);
}

function checkOptionalMetadata(metadata: Record<string, unknown>): void {
  const { correlationId, causationId, orderingKey, traceparent, producer, replay, claimCheck } =
    metadata;
  if (correlationId !== undefined) checkText('metadata.correlationId', correlationId);
  if (causationId !== undefined) checkText('metadata.causationId', causationId);
  if (orderingKey !== undefined) {
    checkKey('metadata.orderingKey', orderingKey, maxOrderingKeyLength);
  }
  if (
    traceparent !== undefined &&
    !(typeof traceparent === 'string' && traceContext.test(traceparent))
  ) {
    throw new ContractError(
      'metadata.traceparent must be a W3C header "00-<32 hex>-<16 hex>-<2 hex>", or be left out',
    );
  }
  checkProducer(producer);
  if (replay !== undefined) {
    if (!isRecord(replay)) {
      throw new ContractError('metadata.replay must be { name, at }, or be left out');
    }
    checkText('metadata.replay.name', replay.name);
    checkInstant('metadata.replay.at', replay.at);
  }
  if (
    claimCheck !== undefined &&
    !(Array.isArray(claimCheck) && claimCheck.every((pointer) => typeof pointer === 'string'))
  ) {
    throw new ContractError(
      'metadata.claimCheck must be an array of JSON Pointers, or be left out',
    );
  }
}

/** @throws ContractError */
export function checkResources(resources: unknown): void {
  if (!Array.isArray(resources)) {
    throw new ContractError('resources must be an array of strings: write [] for none');
  }
  for (const resource of resources) {
    if (typeof resource !== 'string' || resource === '' || resource.length > maxResourceLength) {
      throw new ContractError(
        `each of resources must be a string of 1 to ${maxResourceLength} characters: write ARNs or names`,
      );
    }
  }
}

/**
 * Checks all that can be told of `detail` without its contract: exactly `metadata` and
 * `data`, with metadata as the envelope's format has it. Data is the contract's affair.
 * @throws ContractError
 */
export function checkDetail(detail: unknown): void {
  if (!isRecord(detail) || !isRecord(detail.metadata) || detail.data === undefined) {
    throw new ContractError('detail must be { metadata, data }: make the event with its contract');
  }
  for (const key in detail) {
    if (key !== 'metadata' && key !== 'data') {
      throw new ContractError(
        'detail must be exactly { metadata, data }: move its other members into data',
      );
    }
  }
  const { metadata } = detail;
  checkKey('metadata.eventId', metadata.eventId, maxEventIdLength);
  checkKey('metadata.idempotencyKey', metadata.idempotencyKey, maxIdempotencyKeyLength);
  checkVersion(metadata.version);
  checkInstant('metadata.occurredAt', metadata.occurredAt);
  checkOptionalMetadata(metadata);
}

/**
 * Checks an envelope, however it was made, before it leaves: `seal` calls it, so that
 * nothing malformed reaches a bus or an outbox. Costs about a microsecond. It does not look
 * into `data`, and takes a detail-type that is no fact only where a contract of this
 * process says that it is a domain word.
 * @throws ContractError
 */
export function checkEnvelope(envelope: unknown): asserts envelope is Envelope {
  if (!isRecord(envelope)) {
    throw new ContractError("an event must be an envelope: make it with a contract's create");
  }
  checkNames(envelope.source, envelope['detail-type'], 'past-tense');
  checkDetail(envelope.detail);
  checkResources(envelope.resources);
  const time = timeOf((envelope as unknown as Envelope).detail.metadata.occurredAt);
  if (envelope.time !== time) {
    throw new ContractError(`time must be metadata.occurredAt to the second, "${time}"`);
  }
}
