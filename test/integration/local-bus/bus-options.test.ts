import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalBusOptions, spawnLocalBus, startLocalBus } from '@tidings/local';
import { expect, test } from 'vitest';

test.each<[object, string]>([
  [{ prot: 4010 }, 'a local bus has no option "prot"; did you mean port?'],
  [{ port: '4010' }, "port must be a whole number from 0 to 65535, got '4010'"],
  [{ port: Number.NaN }, 'port must be a whole number from 0 to 65535, got NaN'],
  [{ seed: 0.5 }, 'seed must be a whole number from'],
  [{ maxRequestBytes: 0 }, 'maxRequestBytes must be a whole number from 1 to 10485760, got 0'],
  [{ journal: 'none' }, "journal must be 'full' or 'counts', got 'none'"],
  [{ replayOrder: 'random' }, "replayOrder must be 'unordered' or 'accepted', got 'random'"],
  [{ account: '12' }, 'account must be twelve digits, got "12"'],
  [{ region: 'US East' }, 'region must be a region such as us-east-1, got "US East"'],
  [{ buses: 'orders' }, 'buses must be a list of texts, got "orders"'],
  [{ queues: [1] }, 'queues must be a list of texts, got [1]'],
  [{ host: '0.0.0.0' }, 'token must have 16 characters or more where host is not a loopback'],
])('%j is refused in a sentence', async (options, sentence) => {
  await expect(startLocalBus(options as LocalBusOptions)).rejects.toThrow(sentence);
});

test('a bus in a process of its own refuses them in the same words', async () => {
  await expect(spawnLocalBus({ prot: 1 } as LocalBusOptions)).rejects.toThrow('did you mean port?');
});

test('a folder that cannot be read is told, and leaves no port taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-bus-'));
  await writeFile(join(folder, 'operations.jsonl'), '\0\0\n');
  const other = await startLocalBus();
  await other.stop();
  const options = { port: other.port, data: folder };
  await expect(startLocalBus(options)).rejects.toThrow('operations.jsonl is not JSON. Remove');
  await rm(folder, { recursive: true });
  const again = await startLocalBus({ port: other.port });
  await again.stop();
});
