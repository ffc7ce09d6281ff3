/**
 * `npm run chaos`: plays schedules of troubles against real processes, one after the
 * other, and audits each. `--seed N` plays one again; `--schedules N` (default 300)
 * plays so many from `--from N` (default 1) on. Ends with 1 when any broke the promise, and
 * with 130 or 143, having stopped all that it started, on SIGINT or SIGTERM.
 */
import { setMaxListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { startPostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { spawnLocalBus } from '@tidings/local';
import { chaosServerSettings, type Outcome, runSchedule, type Stage } from './run-schedule.ts';
import { describeSchedule, scheduleOf } from './schedule.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '300' },
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
    `seed ${seed} (${schedule.source}): ${verdict} in ${seconds} s; ${outcome.committed} committed, ` +
      `${outcome.duplicates} duplicates, ${outcome.incidents} incidents, ` +
      `${outcome.deadLetters} dead letters, ${Math.round(outcome.peakMiB)} MiB; ${kinds.join(', ')}`,
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

const interruption = new AbortController();
const interrupted = interruption.signal;
setMaxListeners(0, interrupted);
// Before anything is started: what a signal ends at once leaves its servers behind.
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    // Who asks twice cannot wait: what runs is killed on the way out.
    if (interrupted.aborted) process.exit(code);
    process.exitCode = code;
    interruption.abort();
  });
}

/** Plays one schedule after the other and tells which broke the promise. */
async function playAll(stage: Stage): Promise<void> {
  const broken: number[] = [];
  let played = 0;
  for (const seed of seeds()) {
    if (interrupted.aborted) break;
    try {
      const { violations } = await play(seed, stage);
      if (violations.length > 0) broken.push(seed);
    } catch (error) {
      if (interrupted.aborted) break;
      broken.push(seed);
      say(`seed ${seed}: BROKEN, it could not be played: ${(error as Error).stack}`);
      await stage.cluster.restart();
    }
    played += 1;
  }
  say(
    `${played} schedules played, ${broken.length} broken${broken.length ? `: seeds ${broken}` : ''}`,
  );
  if (!interrupted.aborted) process.exitCode = broken.length === 0 ? 0 : 1;
}

const [cluster, bus] = await Promise.allSettled([
  startPostgresCluster(chaosServerSettings),
  spawnLocalBus({ buses: ['orders'] }),
]);
try {
  if (cluster.status === 'rejected') throw cluster.reason;
  if (bus.status === 'rejected') throw bus.reason;
  await playAll({ cluster: cluster.value, bus: bus.value, signal: interrupted });
} catch (error) {
  // Ctrl-C reaches the bus as well, which may end before it was ready.
  if (!interrupted.aborted) throw error;
} finally {
  if (bus.status === 'fulfilled') await bus.value.stop();
  if (cluster.status === 'fulfilled') await cluster.value.stop();
}
