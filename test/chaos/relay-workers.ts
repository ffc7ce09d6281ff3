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
  /** SIGTERM to all; resolves when they have drained. */
  stop(): Promise<void>;
  /** SIGKILL to all. */
  abandon(): Promise<void>;
}

const config = join(import.meta.dirname, 'relay.config.ts');
const RESTART_MS = 50;
/** How a relay may end at its start: it finds no server, or a bus that is slow to answer. */
const EXPLAINED = /tidings: (cannot reach Postgres|EventBridge did not answer within)/;

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

  // The last resort, for a program that ends without stopping them.
  const onExit = (): void => all('SIGKILL');
  process.once('exit', onExit);
  const kept = Array.from({ length: count }, keepOne);
  const all = (signal: NodeJS.Signals): void => {
    for (const relay of running) relay.kill(signal);
  };

  return {
    strangeEnds,
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
      all('SIGKILL');
      await Promise.all(kept);
      process.off('exit', onExit);
    },
  };
}
