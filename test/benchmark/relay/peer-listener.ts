/** `peer-listener.ts DATABASE ENDPOINT`: publishes what pg-transactional-outbox reads, until it is killed. */
import { type Envelope, seal } from '@tidings/contract';
import { leanPublisher } from '@tidings/publisher/lean';
import {
  createReplicationFullConcurrencyController,
  getDisabledLogger,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox';
import { peerSetup } from './peer-setup.ts';

const [connectionString = '', endpoint = ''] = process.argv.slice(2);
const publisher = leanPublisher({
  eventBusName: 'orders',
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

// Its fastest documented settings: all messages at once, without its own protections.
initializeReplicationMessageListener(
  {
    outboxOrInbox: 'outbox',
    dbListenerConfig: { connectionString },
    settings: {
      dbSchema: peerSetup.schema,
      dbTable: peerSetup.table,
      dbPublication: peerSetup.publication,
      dbReplicationSlot: peerSetup.replicationSlot,
      enableMaxAttemptsProtection: false,
      enablePoisonousMessageProtection: false,
    },
  },
  { handle: async ({ payload }) => void (await publisher.publish(seal(payload as Envelope))) },
  getDisabledLogger(),
  { concurrencyStrategy: createReplicationFullConcurrencyController() },
);
process.stdout.write('listening\n');
