import { ContractError } from './contract-error.ts';

/** Longest `source` in characters: Pipes and EventBridge's second API refuse more. */
export const maxSourceLength = 256;

const reverseDns = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)+$/;

/**
 * A source is the reverse-DNS namespace that the team owns: at least two labels of
 * lower-case letters, digits and inner hyphens, at most 256 characters. `aws` belongs to
 * AWS, whose bus refuses it with `NotAuthorizedForSourceException`.
 * @throws ContractError
 */
export function checkSource(source: unknown): asserts source is string {
  if (typeof source !== 'string' || source === '') {
    throw new ContractError(
      "source is missing: write a namespace you own, such as 'com.acme.orders'",
    );
  }
  if (source === 'aws' || source.startsWith('aws.')) {
    throw new ContractError(
      `source '${source}' belongs to AWS: write a namespace you own, such as 'com.acme.orders'`,
    );
  }
  if (source.length > maxSourceLength) {
    throw new ContractError(
      `source must be at most ${maxSourceLength} characters, got ${source.length}: shorten it`,
    );
  }
  if (!reverseDns.test(source)) {
    throw new ContractError(
      `source '${source}' is not reverse-DNS: write two or more lower-case labels joined by dots, such as 'com.acme.orders'`,
    );
  }
}
