import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RelayProcess, startRelayProcess } from '@tidings/example-orders/relay-process';
import type { SpawnedBus } from '@tidings/local';
import type { BenchDatabase } from './bench-database.ts';

/** What a run of the relay cost. */
export interface RelayRun {
  /** From the moment that streaming (or healing) began until the bus had everything. */
  readonly seconds: number;
  /** Processor time of the relay, start and all. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

const config = join(import.meta.dirname, 'relay.config.mjs');

export function startBenchRelay(
  database: BenchDatabase,
  bus: Pick<SpawnedBus, 'url'>,
  slot: string,
): RelayProcess {
  return startRelayProcess(
    {
      DATABASE_URL: database.url,
      RELAY_SLOT: slot,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    },
    config,
  );
}

/**
 * Lets a relay carry `rows` rows that wait in `slot` to the bus, and counts them there.
 * @throws Error when an event is lost or comes twice.
 */
export async function drain(
  database: BenchDatabase,
  bus: SpawnedBus,
  slot: string,
  rows: number,
  beginsWith = 'streaming',
): Promise<RelayRun> {
  await bus.reset();
  const relay = startBenchRelay(database, bus, slot);
  try {
    await relay.logged(beginsWith);
    const begunAt = loggedAt(relay.log(), beginsWith);
    await bus.waitFor({ distinct: rows }, { timeoutMs: 600_000 });
    const seconds = (Date.now() - begunAt) / 1000;
    const { cpuSeconds, peakRssMb } = usageOf(relay.pid);
    relay.kill('SIGTERM');
    const end = await relay.exited;
    if (end !== 0) throw new Error(`the relay ended with ${end}:\n${relay.log()}`);
    const { accepted, distinct } = await bus.summary();
    if (accepted !== rows || distinct !== rows) {
      throw new Error(`${rows} events were owed; the bus has ${distinct}, in ${accepted} entries`);
    }
    return { seconds, cpuSeconds, peakRssMb };
  } finally {
    relay.kill('SIGKILL');
    await relay.exited;
  }
}

/** When a line was written: relays stamp each. */
function loggedAt(log: string, text: string): number {
  const line = log.split('\n').find((each) => each.includes(text)) ?? '{}';
  return (JSON.parse(line) as { readonly time: number }).time;
}

/** Processor time and peak memory of a process so far, from Linux's books. */
export function usageOf(pid: number): { readonly cpuSeconds: number; readonly peakRssMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // utime and stime, in hundredths of a second
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
  return { cpuSeconds, peakRssMb: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}
