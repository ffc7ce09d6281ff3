import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';

interface ModelShard {
  readonly parent: string | undefined;
  readonly records: { readonly number: string; readonly key: string }[];
  /** Records at the beginning that are gone. */
  trimmed: number;
  isClosed: boolean;
}

/**
 * A stream whose shards a test splits, trims and closes, over the protocol of the service:
 * DynamoDB Local has one shard that none of this happens to.
 */
export interface StreamModel {
  readonly client: DynamoDBStreamsClient;
  /** Reads in the order of their arrival, with their time in milliseconds. */
  readonly reads: readonly { readonly shard: string; readonly at: number }[];
  /** Resolves when there were so many reads. */
  untilReads(count: number): Promise<void>;
  addShard(id: string, parent?: string): void;
  /** Writes a record that tells of a new item with this key. */
  put(shard: string, ...keys: readonly string[]): void;
  close(shard: string): void;
  /** Trims the oldest records. */
  trim(shard: string, count: number): void;
  /** Trims all of a shard, so that it is no longer listed. */
  drop(shard: string): void;
  /** Iterators that were given out by now are expired. */
  expireIterators(): void;
  /** The next requests of an operation fail. */
  fail(operation: string, type: string, times: number, status?: number): void;
  disable(): void;
  stop(): Promise<void>;
}

class Refusal extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, string & number>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** @param pageSize Records of one read, and shards of one page. */
export async function startStreamModel(pageSize = 3): Promise<StreamModel> {
  const shards = new Map<string, ModelShard>();
  const reads: { shard: string; at: number }[] = [];
  const happened = new EventEmitter();
  const failures = new Map<string, Refusal[]>();
  let status = 'ENABLED';
  let generation = 0;
  let records = 0;

  function shardOf(id: string): ModelShard {
    const shard = shards.get(id);
    if (shard === undefined) throw new Refusal('ResourceNotFoundException');
    return shard;
  }

  const operations: Record<string, (input: Record<string, string & number>) => object> = {
    DescribeStream({ StreamArn, ExclusiveStartShardId }) {
      const ids = [...shards.keys()];
      const from = ExclusiveStartShardId === undefined ? 0 : ids.indexOf(ExclusiveStartShardId) + 1;
      const page = ids.slice(from, from + pageSize);
      const isLast = from + pageSize >= ids.length;
      return {
        StreamDescription: {
          StreamArn,
          StreamStatus: status,
          Shards: page.map((ShardId) => {
            const parent = shards.get(ShardId)?.parent;
            return { ShardId, ...(parent !== undefined && { ParentShardId: parent }) };
          }),
          ...(!isLast && { LastEvaluatedShardId: page.at(-1) }),
        },
      };
    },
    GetShardIterator({ ShardId = '', ShardIteratorType, SequenceNumber = '' }) {
      const shard = shardOf(ShardId);
      let index = shard.trimmed;
      if (ShardIteratorType === 'AFTER_SEQUENCE_NUMBER') {
        index = shard.records.findIndex(({ number }) => number === SequenceNumber) + 1;
        if (index < shard.trimmed) throw new Refusal('TrimmedDataAccessException');
      }
      return { ShardIterator: `${ShardId}|${index}|${generation}` };
    },
    GetRecords({ ShardIterator = '' }) {
      const [id = '', index = '', of = ''] = ShardIterator.split('|');
      reads.push({ shard: id, at: performance.now() });
      happened.emit('read');
      const shard = shardOf(id);
      if (Number(of) < generation) throw new Refusal('ExpiredIteratorException');
      if (Number(index) < shard.trimmed) throw new Refusal('TrimmedDataAccessException');
      const page = shard.records.slice(Number(index), Number(index) + pageSize);
      const next = Number(index) + page.length;
      const isOver = shard.isClosed && next >= shard.records.length;
      return {
        Records: page.map(({ number, key }) => ({
          eventID: `event-${number}`,
          eventName: 'INSERT',
          awsRegion: 'eu-west-1',
          dynamodb: {
            ApproximateCreationDateTime: 1_780_797_600,
            Keys: { pk: { S: key } },
            NewImage: { pk: { S: key } },
            SequenceNumber: number,
            SizeBytes: 10,
          },
        })),
        ...(!isOver && { NextShardIterator: `${id}|${next}|${generation}` }),
      };
    },
  };

  const server = createServer((request, response) => {
    const answer = async (): Promise<object> => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const input = await bodyOf(request);
      const failure = failures.get(operation)?.shift();
      if (failure !== undefined) throw failure;
      return operations[operation]?.(input) ?? {};
    };
    answer().then(
      (output) => {
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(JSON.stringify(output));
      },
      (error: unknown) => {
        const refusal = error instanceof Refusal ? error : new Refusal('InternalServerError', 500);
        response.statusCode = refusal.status;
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(
          JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${refusal.type}` }),
        );
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBStreamsClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // The source tries again by itself; that is what is tested.
    maxAttempts: 1,
  });

  return {
    client,
    reads,
    async untilReads(count) {
      while (reads.length < count) await once(happened, 'read');
    },
    addShard: (id, parent) =>
      void shards.set(id, { parent, records: [], trimmed: 0, isClosed: false }),
    put(shard, ...keys) {
      for (const key of keys) {
        records += 1;
        shardOf(shard).records.push({ number: String(records).padStart(21, '0'), key });
      }
    },
    close: (shard) => {
      shardOf(shard).isClosed = true;
    },
    trim: (shard, count) => {
      shardOf(shard).trimmed = count;
    },
    drop: (shard) => void shards.delete(shard),
    expireIterators: () => {
      generation += 1;
    },
    fail(operation, type, times, code = 400) {
      const queue = failures.get(operation) ?? [];
      for (let n = 0; n < times; n += 1) queue.push(new Refusal(type, code));
      failures.set(operation, queue);
    },
    disable: () => {
      status = 'DISABLED';
    },
    async stop() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
