import type { Clock } from '../clock.ts';
import type { Connection } from '../estate/api-destination.ts';
import type { Region } from '../estate/estate.ts';
import type { AccessTokens } from './access-tokens.ts';

/** The service needs some time; a client that asks at once sees AUTHORIZING. */
const delayMs = 500;

/**
 * Fetches the first token of an OAuth connection:
 *
 *     AUTHORIZING -> AUTHORIZED | DEAUTHORIZED
 */
export function authorizeConnection(
  ports: { readonly clock: Clock; readonly tokens: AccessTokens },
  region: Region,
  connection: Connection,
): void {
  const authorize = async (): Promise<void> => {
    const result = await ports.tokens.get(connection);
    settleConnection(region, connection, 'token' in result ? 'AUTHORIZED' : 'DEAUTHORIZED');
  };
  ports.clock.after(delayMs, () => void authorize());
}

/** Enters how it ended, unless the connection was changed or deleted meanwhile. */
export function settleConnection(
  region: Region,
  connection: Connection,
  state: 'AUTHORIZED' | 'DEAUTHORIZED',
): void {
  if (region.connections.get(connection.name) !== connection) return;
  region.connections.set(connection.name, { ...connection, state });
}
