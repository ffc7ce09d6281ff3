import type { LocalBusOptions } from '../local-bus-options.ts';
import { startLocalBus } from '../start-local-bus.ts';

/**
 * A bus in a process of its own: `node bus-process.js '{"port":4010}'`. Sends
 * `{ url, port }` to a parent that forked it, or prints the address; ends with SIGTERM,
 * SIGINT, or when that parent goes away, however it goes.
 */
async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as LocalBusOptions;
  const bus = await startLocalBus(options);
  const end = (): void => void bus.stop().then(() => process.exit(0));
  process.once('disconnect', end);
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (process.send === undefined) process.stdout.write(`The local bus listens on ${bus.url}\n`);
  else process.send({ url: bus.url, port: bus.port });
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  if (process.send === undefined) process.stderr.write(`${message}\n`);
  else process.send({ error: message });
  process.exitCode = 1;
  process.disconnect?.();
});
