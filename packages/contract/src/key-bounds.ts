import { ContractError } from './contract-error.ts';

/** Longest `idempotencyKey` in characters. */
export const maxIdempotencyKeyLength = 256;
/** Longest `eventId`: EventBridge's second API takes no longer `DeduplicationId`. */
export const maxEventIdLength = 128;
/** Longest `orderingKey`: EventBridge's second API takes no longer `EventGroupId`. */
export const maxOrderingKeyLength = 128;

// What a DynamoDB key, an HTTP header and an SQS deduplication id all take unchanged.
const printableWithoutSpaces = /^[!-~]+$/;

/**
 * Keys are printable ASCII without spaces, so that a consumer can use one as it is: as a
 * primary key, a header, a queue's deduplication id.
 * @throws ContractError
 */
export function checkKey(name: string, key: unknown, maxLength: number): asserts key is string {
  if (typeof key !== 'string' || key === '') {
    const got = key === '' ? 'an empty string' : key === null ? 'null' : typeof key;
    throw new ContractError(`${name} must be a string of 1 to ${maxLength} characters, got ${got}`);
  }
  if (key.length > maxLength) {
    throw new ContractError(
      `${name} must be at most ${maxLength} characters, got ${key.length}: shorten it or hash its parts`,
    );
  }
  if (!printableWithoutSpaces.test(key)) {
    throw new ContractError(
      `${name} may hold printable ASCII without spaces only: build it from ids, or hash what people typed`,
    );
  }
}
