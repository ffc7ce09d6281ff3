import { afterAll, describe } from 'vitest';

// Importing a test file registers its tests and hooks in the suite that imports it.
process.env.TIDINGS_POSTGRES = '15';
afterAll(() => {
  delete process.env.TIDINGS_POSTGRES;
});

describe('polling, on PostgreSQL 15', async () => {
  await import('./poll-source.test.ts');
});

describe('dead letters, on PostgreSQL 15', async () => {
  await import('./dead-letters.test.ts');
});

describe('maintenance, on PostgreSQL 15', async () => {
  await import('./maintain-outbox.test.ts');
});

describe('replay, on PostgreSQL 15', async () => {
  await import('./replay-outbox.test.ts');
});

describe('append, on PostgreSQL 15', async () => {
  await import('./append.test.ts');
});

describe('tidings.append, on PostgreSQL 15', async () => {
  await import('./append-function.test.ts');
});

describe('the rules of an event, on PostgreSQL 15', async () => {
  await import('./event-rules.test.ts');
});

describe('migrations, on PostgreSQL 15', async () => {
  await import('./migrate-outbox.test.ts');
});
