/** Where pg-transactional-outbox keeps its messages; the slot is named after the database. */
export const peerSetup = {
  outboxOrInbox: 'outbox',
  database: 'peer',
  schema: 'peer',
  table: 'outbox',
  listenerRole: 'postgres',
  publication: 'peer',
  replicationSlot: 'peer',
} as const;
