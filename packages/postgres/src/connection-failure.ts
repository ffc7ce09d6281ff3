import { ConfigurationError, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { ConnectionLost } from './connection-lost.ts';

/** What a failure of a Postgres connection means for whoever holds it. */
export type ConnectionFailure =
  /** The connection, or the server behind it, is gone; another try may find it back. */
  | { readonly kind: 'lost' }
  /** The server answers, and cannot do now what it may do soon. */
  | { readonly kind: 'transient' }
  /** Somebody else streams the slot, or the old connection has not been noticed yet. */
  | { readonly kind: 'slot-in-use' }
  /** A person must act; the sentence says how. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Not of a connection: a defect, or a refusal that says itself what to do. */
  | { readonly kind: 'unknown' };

/**
 * SQLSTATEs with which the server, or what stands before it, takes leave: class 08, and
 * admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout,
 * too_many_connections.
 */
const GONE = /^(?:08...|57P0[1-5]|53300)$/;

/** With protocol_violation poolers refuse what they do not know, and what takes too long. */
const POOLER_ADVICE =
  'a pooler that stands before the server does not pass this on: connect to the server itself';

/** Errors of the operating system, as Node gives them. */
const SYSTEM_CODE = /^E[A-Z_]+$/;

/**
 * Classifies what a query or a connection threw. The default is to wait and say so: of what
 * the server answers, only that ends a source which no time mends, because what is asked for is
 * wrong (classes 22 and 42, a database or schema that does not exist, a password).
 */
export function connectionFailureOf(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionLost) return { kind: 'lost' };
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (!(error instanceof pg.DatabaseError)) {
    return typeof code === 'string' && SYSTEM_CODE.test(code)
      ? { kind: 'lost' }
      : { kind: 'unknown' };
  }
  const { code: state = '', message, routine } = error;
  if (GONE.test(state)) return { kind: 'lost' };
  if (state === '55006') return { kind: 'slot-in-use' };
  const advice = adviceOf(state, routine);
  if (advice === undefined) return { kind: 'transient' };
  return { kind: 'refused', sentence: `${message}; ${advice}` };
}

/** What a person does about a state that no time mends; undefined for every other. */
function adviceOf(state: string, routine: string | undefined): string | undefined {
  switch (state) {
    case '28P01':
      return 'correct user, password or pg_hba.conf';
    case '3D000':
      return "correct the database's name";
    case '3F000':
    case '42P01':
    case '42703':
    case '42883':
      return 'run `tidings outbox migrate`, which brings schema tidings up to date';
    case '42501':
      return 'grant what is missing (streaming needs ALTER ROLE ... REPLICATION)';
    case '42704':
      if (routine === 'get_publication_oid') {
        return (
          'a publication must be older than its slot: where the slot stands there was none; drop ' +
          'the slot and run `tidings outbox migrate --slot` again'
        );
      }
      return `the server does not know what is asked for (SQLSTATE ${state})`;
    default:
      return /^(?:22|42)/.test(state)
        ? `the server refuses what is asked for (SQLSTATE ${state})`
        : undefined;
  }
}

/**
 * What to throw where a failure ends the work: at a start, where a person looks on, and where
 * something is done once. Other errors are given back as they are.
 */
export function asRefusal(target: string, error: unknown): unknown {
  const failure = connectionFailureOf(error);
  const isPooler = error instanceof pg.DatabaseError && error.code === '08P01';
  if (isPooler) return new ConfigurationError(`${error.message}; ${POOLER_ADVICE}`);
  switch (failure.kind) {
    case 'lost':
      return new ConfigurationError(unreachableSentence(target, error));
    case 'refused':
      return new ConfigurationError(failure.sentence);
    case 'transient':
    case 'slot-in-use':
      return new ConfigurationError(transientSentence(target, error as pg.DatabaseError));
    default:
      return error;
  }
}

/** The one sentence for a server that cannot be reached at the start. */
function unreachableSentence(target: string, error: unknown): string {
  return `cannot reach Postgres at ${target} (${reasonOf(error)}); start it, or correct the connection`;
}

function transientSentence(target: string, error: pg.DatabaseError): string {
  const advice = /^28/.test(error.code ?? '')
    ? 'correct user, password or pg_hba.conf'
    : 'try again once that has passed';
  return `Postgres at ${target} refuses now (${reasonOf(error)}); ${advice}`;
}
