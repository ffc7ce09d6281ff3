import { ContractError } from './contract-error.ts';

const majorMinor = /^(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})$/;

/**
 * A version is `major.minor` without leading zeros: a minor adds, a major breaks.
 * @throws ContractError
 */
export function checkVersion(version: unknown): asserts version is string {
  if (typeof version !== 'string' || !majorMinor.test(version)) {
    const got = typeof version === 'string' ? `"${version}"` : String(version);
    throw new ContractError(`version must be "major.minor", such as "1.0", got ${got}`);
  }
}
