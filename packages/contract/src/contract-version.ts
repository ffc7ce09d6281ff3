import { ContractError } from './contract-error.ts';

const majorMinor = /^(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})$/;

/**
 * A version is `major.minor` without leading zeros: a minor adds, a major breaks.
 * @throws ContractError
 */
export function checkVersion(version: unknown): asserts version is string {
  if (typeof version !== 'string' || !majorMinor.test(version)) {
    const got = typeof version === 'string' ? `"${version.slice(0, 40)}"` : typeof version;
    throw new ContractError(`version must be "major.minor", such as "1.0", got ${got}`);
  }
}

/** Orders versions by major and minor: `1.9` before `1.10` before `2.0`. */
export function compareVersions(one: string, other: string): number {
  const [oneMajor = 0, oneMinor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return oneMajor - otherMajor || oneMinor - otherMinor;
}
