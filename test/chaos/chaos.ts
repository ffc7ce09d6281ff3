/**
 * `npm run chaos`: plays schedules of troubles against real processes, one after the
 * other, and audits each. `--seed N` plays one again; `--schedules N` (default 200)
 * plays so many from `--from N` (default 1) on. Ends with 1 when any broke the promise.
 */
import { parseArgs } from 'node:util';
import { startPostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { spawnLocalBus } from '@tidings/local';
import { chaosServerSettings, type Outcome, runSchedule, type Stage } from './run-schedule.ts';
import { describeSchedule, scheduleOf } from './schedule.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} must be a whole number of 0 or more, got ${text}`);
}

function seeds(): readonly number[] {
  if (values.seed !== undefined) return [wholeNumber('seed', values.seed)];
  const first = wholeNumber('from', values.from);
  return Array.from({ length: wholeNumber('schedules', values.schedules) }, (_, i) => first + i);
}

async function play(seed: number, stage: Stage): Promise<Outcome> {
  const schedule = scheduleOf(seed);
  const startedAt = Date.now();
  const onStep = (step: string): void => {
    if (values.verbose) say(`  ${Date.now() - startedAt} ms: ${step}`);
  };
  const outcome = await runSchedule(schedule, { ...stage, onStep });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const kinds = schedule.steps.map(({ trouble }) =>
    trouble.kind === 'bus' ? trouble.trouble : trouble.kind,
  );
  const verdict = outcome.violations.length === 0 ? 'held' : 'BROKEN';
  say(
    `seed ${seed}: ${verdict} in ${seconds} s; ${outcome.committed} committed, ` +
      `${outcome.duplicates} duplicates, ${outcome.incidents} incidents, ` +
      `${outcome.deadLetters} dead letters; ${kinds.join(', ')}`,
  );
  if (outcome.violations.length > 0 || values.verbose) {
    say(describeSchedule(schedule));
    for (const violation of outcome.violations.slice(0, 20)) say(`  ${violation}`);
    if (outcome.violations.length > 20) say(`  and ${outcome.violations.length - 20} more`);
    say(outcome.log.slice(values.verbose ? 0 : -20_000));
    say(`Play it again with: npm run chaos -- --seed ${seed}`);
  }
  return outcome;
}

const [cluster, bus] = await Promise.all([
  startPostgresCluster(chaosServerSettings),
  spawnLocalBus({ buses: ['orders'] }),
]);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});
// pg and the cluster leave nothing behind only where the process ends by itself.
process.once('SIGTERM', () => process.exit(143));
const broken: number[] = [];
let played = 0;
try {
  for (const seed of seeds()) {
    if (interrupted) break;
    played += 1;
    try {
      const { violations } = await play(seed, { cluster, bus });
      if (violations.length > 0) broken.push(seed);
    } catch (error) {
      broken.push(seed);
      say(`seed ${seed}: BROKEN, it could not be played: ${(error as Error).stack}`);
      await cluster.restart();
    }
  }
} finally {
  await bus.stop();
  await cluster.stop();
}
say(
  `${played} schedules played, ${broken.length} broken${broken.length ? `: seeds ${broken}` : ''}`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
