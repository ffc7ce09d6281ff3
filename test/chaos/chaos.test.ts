import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chaosServerSettings, runSchedule } from './run-schedule.ts';
import { describeSchedule, scheduleOf } from './schedule.ts';

let cluster: PostgresCluster;
let bus: SpawnedBus;
beforeAll(async () => {
  [cluster, bus] = await Promise.all([
    startPostgresCluster(chaosServerSettings),
    spawnLocalBus({ buses: ['orders'] }),
  ]);
});
afterAll(async () => {
  await bus?.stop();
  await cluster?.stop();
});

// `npm run chaos` plays many more; these play one of each source.
test.each([1, 3, 4, 6])('the schedule of seed %i leaves the promise whole', async (seed) => {
  const schedule = scheduleOf(seed);
  const { violations, log } = await runSchedule(schedule, { cluster, bus });
  const story = `${describeSchedule(schedule)}\nnpm run chaos -- --seed ${seed}\n${log}`;
  expect(violations, story).toEqual([]);
});
