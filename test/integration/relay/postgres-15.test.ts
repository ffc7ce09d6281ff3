import { afterAll, describe } from 'vitest';

// The tests that depend on the server, once more against the oldest version that is
// tested: no failover slots, no invalidation_reason, an old status view. Importing a
// test file registers its tests and hooks in the suite that imports it.
process.env.TIDINGS_POSTGRES = '15';
afterAll(() => {
  delete process.env.TIDINGS_POSTGRES;
});

describe('restarts, on PostgreSQL 15', async () => {
  await import('./restarts.test.ts');
});

describe('slot loss, on PostgreSQL 15', async () => {
  await import('./slot-loss.test.ts');
});
