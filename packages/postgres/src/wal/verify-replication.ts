import type pg from 'pg';
import { openClient } from '../open-client.ts';
import type { WalSettings } from './wal-options.ts';

/** The server, or its wal senders, are all in use: that is no question of the connection. */
const FULL = '53300';

/**
 * Opens a connection as a stream does, and leaves. A pooler that passes no replication on
 * and a role without REPLICATION show here, and not only once the stream is to begin.
 */
export async function verifyReplication({ textConnection }: WalSettings): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = await openClient(textConnection, { replication: 'database' });
    await client.query('IDENTIFY_SYSTEM');
  } catch (error) {
    if ((error as { readonly code?: string }).code !== FULL) throw error;
  } finally {
    await client?.end().catch(() => {});
  }
}
