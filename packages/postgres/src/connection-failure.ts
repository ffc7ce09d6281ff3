import { reasonOf } from '@tidings/relay';
import { ConnectionLost } from './connection-lost.ts';

/** What a failure of a Postgres connection means for whoever holds it. */
export type ConnectionFailure =
  /** The connection, or the server behind it, is gone; another try may find it back. */
  | { readonly kind: 'lost' }
  /** Somebody else streams the slot, or the old connection has not been noticed yet. */
  | { readonly kind: 'slot-in-use' }
  /** A person must act; the sentence says how. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Nothing that is known. */
  | { readonly kind: 'unknown' };

/** SQLSTATEs that tell of a server that goes, comes or is full. */
const lostStates = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
  '08006', // connection_failure
  '08003', // connection_does_not_exist
]);

const lostCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What pg says, without a code, of a connection that broke, hangs or is over. */
const lostMessages = /Connection terminated|timeout expired|Query read timeout|not queryable/;

/** Classifies what pg threw. `routine` and state are read together where one says too little. */
export function connectionFailureOf(error: unknown): ConnectionFailure {
  const { code, message, routine } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly routine?: string;
  };
  if (error instanceof ConnectionLost) return { kind: 'lost' };
  if (code === '55006') return { kind: 'slot-in-use' };
  if (code !== undefined && (lostStates.has(code) || lostCodes.has(code))) return { kind: 'lost' };
  if (code === undefined && lostMessages.test(message ?? '')) {
    return { kind: 'lost' };
  }
  switch (code) {
    case '28P01':
    case '28000':
      return { kind: 'refused', sentence: `${message}; correct user, password or pg_hba.conf` };
    case '3D000':
      return { kind: 'refused', sentence: `${message}; correct the database's name` };
    case '42501':
      return {
        kind: 'refused',
        sentence: `${message}; grant what is missing (streaming needs ALTER ROLE ... REPLICATION)`,
      };
    case '08P01':
      return {
        kind: 'refused',
        sentence:
          `${message}; a pooler that stands before the server does not pass this on: connect to ` +
          'the server itself',
      };
    case '42704':
      if (routine === 'get_publication_oid') {
        return {
          kind: 'refused',
          sentence:
            `${message} where the slot stands: a publication must be older than its slot; drop the ` +
            'slot and run `tidings outbox migrate --slot` again',
        };
      }
      return { kind: 'unknown' };
    default:
      return { kind: 'unknown' };
  }
}

/** The one sentence for a server that cannot be reached at the start. */
export function unreachableSentence(target: string, error: unknown): string {
  return `cannot reach Postgres at ${target} (${reasonOf(error)}); start it, or correct the connection`;
}
