import type { ChangeSource } from '@tidings/relay';
import type { OutboxRow } from '../outbox-row.ts';
import { followedOutboxLayout } from './outbox-layout.ts';
import type { WalLayout } from './wal-layout.ts';
import { resolveWalOptions, type WalSourceOptions } from './wal-options.ts';
import { WalReader } from './wal-reader.ts';

/**
 * Reads the outbox from the write-ahead log through a logical replication slot: each
 * committed insert once, in commit order. What is confirmed is written to
 * `tidings.checkpoint` before the server hears of it. A lost connection is opened
 * again and goes on behind what was read; a restarted process goes on behind the
 * checkpoint; a second relay on the same slot waits and takes over. A slot that is
 * lost is an incident and is healed from the table. Needs PostgreSQL 14 or later,
 * `wal_level = logical`, and a slot made by `migrateOutbox`.
 * @throws ConfigurationError on options that cannot work.
 */
export function walSource(options: WalSourceOptions): ChangeSource<OutboxRow> {
  return walSourceOf(options, followedOutboxLayout());
}

/** `walSource` for tables of another layout. */
export function walSourceOf<Change>(
  options: WalSourceOptions,
  layout: WalLayout<Change>,
): ChangeSource<Change> {
  const settings = resolveWalOptions(options);
  const reader = new WalReader(settings, layout);
  return {
    name: `wal slot "${settings.slot}"`,
    verify: () => reader.verify(),
    read: (signal, logger) => reader.read(signal, logger),
    capture: (change) => layout.capture(change),
    confirm: (checkpoint) => reader.confirm(checkpoint),
    close: () => reader.close(),
  };
}
