import { afterAll, describe } from 'vitest';

// What the streams of business tables rest on, once more against the oldest version that
// is tested. Importing a test file registers its tests and hooks in the suite that
// imports it.
process.env.TIDINGS_POSTGRES = '15';
afterAll(() => {
  delete process.env.TIDINGS_POSTGRES;
});

describe('captured tables, on PostgreSQL 15', async () => {
  await import('../tables/capture.test.ts');
});

describe('values, on PostgreSQL 15', async () => {
  await import('../tables/values.test.ts');
});

describe('refusals, on PostgreSQL 15', async () => {
  await import('../tables/refusals.test.ts');
});

describe('a lost slot of tables, on PostgreSQL 15', async () => {
  await import('../tables/slot-loss.test.ts');
});

describe('a Debezium outbox, on PostgreSQL 15', async () => {
  await import('../debezium/outbox.test.ts');
});

describe('the second opinion, on PostgreSQL 15', async () => {
  await import('./second-opinion.property.test.ts');
});

describe('transactions, on PostgreSQL 15', async () => {
  await import('./transactions.test.ts');
});
