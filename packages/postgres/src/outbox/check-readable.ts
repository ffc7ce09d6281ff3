import { ContractError, type SealedEvent } from '@tidings/contract';

// An escaped backslash and a whole surrogate pair are read first, so that what is left
// in the group is one of the escapes which no `text` of Postgres can hold.
const escapes = /\\\\|\\ud[89ab]..\\ud[c-f]..|(\\u(?:0000|d[89a-f]..))/gi;

/**
 * Refuses JSON that a `json` column stores but that no function of Postgres reads: with
 * U+0000 or half a surrogate pair in it, every constraint and query on the row would fail.
 * @throws ContractError
 */
export function checkReadable(event: SealedEvent): void {
  for (const [, unreadable] of event.detail.matchAll(escapes)) {
    if (unreadable === undefined) continue;
    throw new ContractError(
      `data of ${event.detailType} holds ${unreadable}, which Postgres cannot read as text: ` +
        'remove the character, or encode the string, for example as base64',
    );
  }
}
