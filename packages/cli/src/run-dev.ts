import { watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type LocalBus,
  type LocalBusOptions,
  type LocalRules,
  startLocalBus,
  type UnknownBus,
} from '@tidings/local';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import { type DevOptions, usualPort } from './dev-options.ts';
import { loadDefaultExport } from './load-default-export.ts';

/** Runs a local bus until SIGINT or SIGTERM. @throws ConfigurationError */
export async function runDev(file: string | undefined, options: DevOptions): Promise<void> {
  const rules = file === undefined ? undefined : await loadRules(file);
  // Before anything is printed: who reads it may send a signal at once.
  const ended = new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  const bus = await start(options);
  try {
    if (rules !== undefined && file !== undefined) applyRules(bus, file, rules);
  } catch (error) {
    await bus.stop();
    throw error;
  }
  print(environment(bus, options));
  bus.watchUnknownBuses((unknown) => {
    if (unknown.dropped === 1) print(swallowed(unknown, bus.url));
  });
  const stopWatching = file === undefined ? () => {} : watchRules(bus, file);
  await ended;
  stopWatching();
  await bus.stop();
}

async function start(options: DevOptions): Promise<LocalBus> {
  const { port, allowHost: allowedHosts = [], ...rest } = options;
  const settings: LocalBusOptions = { buses: [], allowedHosts, ...rest };
  try {
    return await startLocalBus({ ...settings, port: port ?? usualPort });
  } catch (error) {
    const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
    const isTaken = cause?.code === 'EADDRINUSE';
    // Nobody asked for the usual port, so any other will do.
    if (isTaken && port === undefined) return await startLocalBus({ ...settings, port: 0 });
    throw new ConfigurationError(reasonOf(error));
  }
}

function environment(bus: LocalBus, { region, token }: DevOptions): string {
  const shown = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
  return [
    `The local bus listens on ${bus.url}`,
    `Its page: ${bus.url}/${shown}`,
    '',
    'Paste this where your service runs:',
    '',
    `export AWS_ENDPOINT_URL_EVENTBRIDGE=${bus.url}`,
    `export AWS_ENDPOINT_URL_SQS=${bus.url}`,
    `export AWS_REGION=${region}`,
    'export AWS_ACCESS_KEY_ID=local',
    `export AWS_SECRET_ACCESS_KEY=${quoted(token ?? 'local')}`,
    '',
  ].join('\n');
}

/** EventBridge answers such events as if they had been taken, so nobody else says it. */
function swallowed(
  { name, account, region, existing, elsewhere }: UnknownBus,
  url: string,
): string {
  const place = elsewhere.map((each) => `region ${each.region} of account ${each.account}`);
  return [
    `An event was sent to the bus ${JSON.stringify(name)}, which does not exist in region ${region} of account ${account}.`,
    'Like EventBridge, the local bus answered it with an id and dropped it, and does so with all that follow.',
    `Buses there: ${existing.join(', ')}.`,
    ...(place.length === 0 ? [] : [`A bus of that name exists in ${place.join(' and ')}.`]),
    `Declare it in a rules file, { buses: [${JSON.stringify(name)}] }, or make it: aws events create-event-bus --name ${name} --region ${region} --endpoint-url ${url}`,
  ].join(' ');
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Reads the rules anew when the file changes; a file that is wrong leaves them as they are. */
function watchRules(bus: LocalBus, file: string): () => void {
  const path = resolve(file);
  let timer: NodeJS.Timeout | undefined;
  const reload = async (): Promise<void> => {
    try {
      applyRules(bus, file, await loadRules(file));
      print(`Read ${file} again.`);
    } catch (error) {
      print(`${reasonOf(error)} The rules stay as they were.`);
    }
  };
  // The folder, because editors replace a file rather than write to it.
  const watcher = watch(dirname(path), (_event, name) => {
    if (name !== null && resolve(dirname(path), name) !== path) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), 50);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

function applyRules(bus: LocalBus, file: string, rules: LocalRules): void {
  try {
    bus.applyRules(rules);
  } catch (error) {
    throw new ConfigurationError(`${file}: ${reasonOf(error)}`);
  }
}

async function loadRules(file: string): Promise<LocalRules> {
  const rules = await loadDefaultExport({
    file,
    kind: 'a rules file',
    example: "export default { buses: ['orders'], rules: [ ... ] }",
    afresh: true,
  });
  return rules as LocalRules;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
