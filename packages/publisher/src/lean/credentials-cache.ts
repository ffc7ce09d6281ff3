import { fullJitter } from '@tidings/contract';
import type { CredentialsSource, LeanCredentials } from './lean-credentials.ts';

/** Credentials that are fetched again some time before they expire. */
export interface CredentialsCache {
  /**
   * Those at hand as long as they are valid, or undefined if they must be loaded. Shortly
   * before they expire it starts to refresh them; nobody waits for that.
   */
  current(): LeanCredentials | undefined;
  /** Loads them now; calls made at the same time share one load. @throws Error of the source. */
  load(): Promise<LeanCredentials>;
  /** The service called them expired: they are not to be used again. */
  discard(): void;
}

/** As the SDK: what expires within five minutes is refreshed. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A request that is signed now may take so long to arrive. */
const IN_TRANSIT_MS = 15_000;
/** The next refresh after one that failed. */
const backoff = { baseMs: 1_000, capMs: 60_000 };

/** Caches a source's credentials. */
export function credentialsCache(
  source: CredentialsSource,
  now: () => number = Date.now,
): CredentialsCache {
  let held: LeanCredentials | undefined;
  let loading: Promise<LeanCredentials> | undefined;
  let failures = 0;
  let refreshAt = 0;

  function load(): Promise<LeanCredentials> {
    loading ??= source()
      .then(
        (credentials) => {
          held = credentials;
          failures = 0;
          refreshAt = 0;
          return credentials;
        },
        (error: unknown) => {
          failures += 1;
          refreshAt = now() + fullJitter(backoff, failures);
          throw error;
        },
      )
      .finally(() => {
        loading = undefined;
      });
    return loading;
  }

  return {
    current() {
      const leftMs = (held?.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - now();
      if (held === undefined || leftMs <= IN_TRANSIT_MS) return undefined;
      if (leftMs <= REFRESH_BEFORE_MS && loading === undefined && now() >= refreshAt) {
        // A refresh that fails is tried again later; those at hand are valid meanwhile.
        load().catch(() => {});
      }
      return held;
    },
    load,
    discard() {
      held = undefined;
    },
  };
}
