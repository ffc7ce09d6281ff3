/**
 * The whole way in one command: orders are committed to a real PostgreSQL, a relay in
 * its own process carries their events to a local bus in another, the bus fails in
 * every way that EventBridge does, and the relay is killed once in the middle.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { migrateOutbox } from '@tidings/postgres';
import { MultiBar, type SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { demoFaults } from './demo-faults.ts';
import { demoReport, promiseHeld } from './demo-report.ts';
import { createOrdersTable, type PlacedOrders, placeOrders } from './order-service.ts';
import { startPostgresCluster } from './postgres-cluster.ts';
import { type RelayProcess, startRelayProcess } from './relay-process.ts';
import { tallyOf } from './tally.ts';

/** How long the last events may take after the last order. */
const CATCH_UP_MS = 120_000;

async function demo(orders: number, signal: AbortSignal): Promise<boolean> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    say('Starting PostgreSQL, the local bus and the relay ...');
    const cluster = await startPostgresCluster({ synchronous_commit: 'on' });
    cleanups.push(() => cluster.stop());
    const database = cluster.url('shop');
    await cluster.createDatabase('shop');
    await migrateOutbox({ connection: database, slot: 'orders' });
    await createOrdersTable(database);

    const bus = await spawnLocalBus({ buses: ['orders'], faults: demoFaults });
    cleanups.push(() => bus.stop());

    const environment = {
      DATABASE_URL: database,
      RELAY_SLOT: 'orders',
      EVENT_BUS_NAME: 'orders',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    };
    let relay = startRelayProcess(environment);
    cleanups.push(async () => {
      relay.kill('SIGKILL');
      await relay.exited;
    });
    await until(relay.logged('relay running'), signal);

    say(`Placing ${orders.toLocaleString('en-US')} orders; the relay is killed half way.`);
    const placed: PlacedOrders = { committedAt: new Map(), rolledBack: new Set() };
    const bars = startBars(orders);
    cleanups.push(async () => bars.stop());
    const startedAt = Date.now();
    const placing = placeOrders(database, orders, placed, signal);
    placing.catch(() => {});
    const restart = async (): Promise<void> => {
      relay.kill('SIGKILL');
      await relay.exited;
      relay = startRelayProcess(environment);
    };
    await watch(bus, orders, placed, bars, restart, signal);
    await until(placing, signal);
    const seconds = (Date.now() - startedAt) / 1000;
    bars.stop();

    await stopRelay(relay, signal);
    const tally = tallyOf(placed, await bus.events());
    say(demoReport(tally, seconds));
    const held = promiseHeld(tally);
    say(held ? 'Nothing was lost.' : 'THE PROMISE WAS BROKEN.');
    if (!held) say(relay.log());
    return held;
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

interface Bars {
  update(placed: number, onBus: number): void;
  stop(): void;
}

function startBars(orders: number): Bars {
  const bars = new MultiBar({
    format: '{name} [{bar}] {value}/{total}',
    noTTYOutput: true,
    notTTYSchedule: 1_000,
    hideCursor: true,
    emptyOnZero: true,
  });
  const placed: SingleBar = bars.create(orders, 0, { name: 'orders placed' });
  const onBus: SingleBar = bars.create(orders, 0, { name: 'events on bus' });
  return {
    update(placedCount, onBusCount): void {
      placed.update(placedCount);
      onBus.update(onBusCount);
    },
    stop: () => bars.stop(),
  };
}

/** Draws the progress until every order is on the bus; kills the relay half way. */
async function watch(
  bus: SpawnedBus,
  orders: number,
  placed: PlacedOrders,
  bars: Bars,
  restart: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let killed = false;
  let lastChange = Date.now();
  let last = -1;
  for (;;) {
    const { distinct } = await until(bus.summary(), signal);
    bars.update(placed.committedAt.size, distinct);
    if (!killed && distinct >= orders / 2) {
      killed = true;
      await until(restart(), signal);
    }
    if (distinct >= orders) return;
    if (distinct !== last) lastChange = Date.now();
    // What does not come is reported as lost, not waited for without end.
    else if (Date.now() - lastChange > CATCH_UP_MS) return;
    last = distinct;
    await delay(100, undefined, { signal });
  }
}

async function stopRelay(relay: RelayProcess, signal: AbortSignal): Promise<void> {
  relay.kill('SIGTERM');
  const end = await until(relay.exited, signal);
  if (end !== 0)
    throw new Error(`the relay ended with ${end} instead of draining:\n${relay.log()}`);
}

/** Waits for `work`, but not beyond an abort. */
function until<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2 || value > 1_000_000) {
    throw new InvalidArgumentError('it must be a whole number from 2 to 1,000,000.');
  }
  return value;
}

async function main(): Promise<void> {
  const command = new Command('demo')
    .description('Orders written to Postgres become events on a bus.')
    .option('--orders <count>', 'how many orders to place', wholeNumber, 10_000)
    .parse();
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(name)));
  }
  try {
    const held = await demo(command.opts<{ orders: number }>().orders, interrupted.signal);
    process.exitCode = held ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) {
      process.stdout.write('\nInterrupted; everything is cleaned up.\n');
      process.exitCode = 130;
      return;
    }
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
