import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  DynamoDBClient,
  type StreamViewType,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { describe } from 'vitest';

const hasJava = spawnSync('java', ['-version']).status === 0;

/** A suite that runs where a Java runtime is, and says so where it is not. */
export const describeWithDynamo: (name: string, suite: () => void) => void = (name, suite) => {
  if (hasJava) describe(name, suite);
  // Skipped for want of Java, which DynamoDB Local runs on.
  else describe.skip(`${name} (skipped: no java, which DynamoDB Local needs)`, suite);
};

/** A running DynamoDB Local: Amazon's own, in memory. */
export interface DynamoLocal {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  /** Makes a table with the keys `pk` and `sk`, and a stream unless `view` is null. */
  createTable(view?: StreamViewType | null): Promise<string>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function startJar(port: number): ChildProcess {
  const home = dirname(createRequire(import.meta.url).resolve('local-dynamo/package.json'));
  const cwd = join(home, 'aws_dynamodb_local');
  const options = ['-Xmx256m', '-Djava.library.path=./DynamoDBLocal_lib'];
  const server = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-sharedDb', '-port', String(port)];
  return spawn('java', [...options, ...server], { cwd, stdio: 'ignore' });
}

/** Resolves when it answers, whatever it says. */
async function untilAnswering(endpoint: string, process: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (process.exitCode !== null) throw new Error('DynamoDB Local ended at its start');
    try {
      await fetch(endpoint);
      return;
    } catch {
      await delay(50);
    }
  }
  throw new Error('DynamoDB Local does not answer');
}

let tables = 0;

/** Starts a server on a free port. */
export async function startDynamoLocal(): Promise<DynamoLocal> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const jar = startJar(port);
  const ended = new Promise((resolve) => jar.once('exit', resolve));
  await untilAnswering(endpoint, jar);
  const config = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const client = new DynamoDBClient(config);
  const streams = new DynamoDBStreamsClient(config);
  return {
    endpoint,
    client,
    streams,
    async createTable(view = 'NEW_AND_OLD_IMAGES') {
      tables += 1;
      const TableName = `shop-${tables}`;
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          ...(view !== null && {
            StreamSpecification: { StreamEnabled: true, StreamViewType: view },
          }),
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName });
      return TableName;
    },
    async stop() {
      client.destroy();
      streams.destroy();
      jar.kill('SIGKILL');
      await ended;
    },
  };
}
