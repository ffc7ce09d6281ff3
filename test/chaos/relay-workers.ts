import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '@tidings/example-orders/relay-process';

/** Relay processes that are started again when they end, as a container service does. */
export interface RelayWorkers {
  /** SIGKILL to the one that has run longest; another one takes its place. */
  killOne(): void;
  /** Stops the processes where they stand. */
  suspend(): void;
  resume(): void;
  /** Ends that no trouble of the schedule explains, with what the relay wrote. */
  readonly strangeEnds: readonly string[];
  /** What the relays wrote, the last ones last. */
  log(): string;
  /** Whether none of them can do anything. */
  readonly suspended: boolean;
  /** The most memory that any of them has taken, in MiB; 0 where the system does not say. */
  readonly peakMiB: number;
  /** SIGTERM to all; resolves when they have drained. */
  stop(): Promise<void>;
  /** SIGKILL to all. */
  abandon(): Promise<void>;
}

const config = join(import.meta.dirname, 'relay.config.ts');
const RESTART_MS = 50;
const MEASURE_MS = 200;
/**
 * How a relay may end: it finds no server at its start, a bus that is slow to answer, or a
 * table whose rows are hidden from it.
 */
const EXPLAINED =
  /tidings: (cannot reach Postgres|EventBridge did not answer within)|row[- ]level security/;

/** Starts so many relays with the environment of their configuration. */
export function startRelayWorkers(
  count: number,
  environment: Readonly<Record<string, string>>,
): RelayWorkers {
  const running: RelayProcess[] = [];
  const strangeEnds: string[] = [];
  const logs: string[] = [];
  let stopping = false;
  let suspended = false;
  let peakMiB = 0;

  async function keepOne(): Promise<void> {
    while (!stopping) {
      const relay = startRelayProcess(environment, config);
      if (suspended) relay.kill('SIGSTOP');
      running.push(relay);
      const end = await relay.exited;
      running.splice(running.indexOf(relay), 1);
      logs.push(relay.log());
      const expected = stopping
        ? end === 0 || (end === 'SIGTERM' && !relay.log().includes('relay running'))
        : EXPLAINED.test(relay.log());
      if (end !== 'SIGKILL' && !expected)
        strangeEnds.push(`a relay ended with ${end}:\n${relay.log().slice(-2_000)}`);
      if (!stopping) await delay(RESTART_MS);
    }
  }

  async function measure(): Promise<void> {
    for (const { pid } of running) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const [, kib = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
      peakMiB = Math.max(peakMiB, Number(kib) / 1024);
    }
  }

  const measuring = setInterval(() => void measure(), MEASURE_MS);
  // The last resort, for a program that ends without stopping them.
  const onExit = (): void => all('SIGKILL');
  process.once('exit', onExit);
  const kept = Array.from({ length: count }, keepOne);
  const all = (signal: NodeJS.Signals): void => {
    for (const relay of running) relay.kill(signal);
  };

  return {
    strangeEnds,
    get suspended(): boolean {
      return suspended;
    },
    get peakMiB(): number {
      return peakMiB;
    },
    killOne: () => running[0]?.kill('SIGKILL'),
    suspend(): void {
      suspended = true;
      all('SIGSTOP');
    },
    resume(): void {
      suspended = false;
      all('SIGCONT');
    },
    log: () => [...logs, ...running.map((relay) => relay.log())].join('--- next relay ---\n'),
    async stop(): Promise<void> {
      stopping = true;
      all('SIGTERM');
      await Promise.all(kept);
    },
    async abandon(): Promise<void> {
      stopping = true;
      clearInterval(measuring);
      all('SIGKILL');
      await Promise.all(kept);
      process.off('exit', onExit);
    },
  };
}
