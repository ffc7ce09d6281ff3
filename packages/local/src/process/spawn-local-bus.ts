import { type ChildProcess, fork } from 'node:child_process';
import type { LocalBusOptions } from '../local-bus-options.ts';
import { connectLocalBus, type RemoteBus } from './connect-local-bus.ts';

/** A bus in a process of its own. */
export interface SpawnedBus extends RemoteBus {
  readonly port: number;
  readonly pid: number;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

/** The options that can cross into another process. */
export type SpawnedBusOptions = Omit<LocalBusOptions, 'clock'>;

/**
 * Starts a bus in a process of its own, which ends when this one does, however it
 * does.
 * @throws Error with the bus's own words when it cannot start.
 */
export async function spawnLocalBus(options: SpawnedBusOptions = {}): Promise<SpawnedBus> {
  // Read as a source, this module still starts the built process: Node runs no TypeScript.
  const entry = new URL('./bus-process.js', import.meta.url.replace('/src/', '/dist/'));
  const child = fork(entry, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { url, port } = await ready(child);
  return {
    ...connectLocalBus(url, options),
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function ready(child: ChildProcess): Promise<{ readonly url: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`The bus's process ended with code ${code} before it was ready.`)),
    );
    child.once('message', (message) => {
      const { url, port, error } = message as { url?: string; port?: number; error?: string };
      if (url === undefined || port === undefined) reject(new Error(error ?? 'No address came.'));
      else resolve({ url, port });
    });
  });
}
