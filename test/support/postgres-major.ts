import type { PostgresMajor } from '@tidings/example-orders/postgres-cluster';

/**
 * The version of PostgreSQL that a test starts: 17, or what `TIDINGS_POSTGRES` says. Any
 * test file can be run against the other one by it.
 */
export function postgresMajor(): PostgresMajor {
  const major = Number(process.env.TIDINGS_POSTGRES ?? 17);
  if (major !== 15 && major !== 17) {
    throw new Error(`TIDINGS_POSTGRES must be 15 or 17, got ${process.env.TIDINGS_POSTGRES}`);
  }
  return major;
}
