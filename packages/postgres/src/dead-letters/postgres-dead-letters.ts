import { randomUUID } from 'node:crypto';
import {
  type DeadLetter,
  type DeadLetters,
  optionBounds,
  type Publisher,
  type SealedEvent,
} from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { clientConfigOf } from '../connection-config.ts';
import { SqlSession } from '../sql-session.ts';
import { queryText, type TextRow } from '../text-rows.ts';
import { letterRowOf, storedEventOf } from './stored-event.ts';

/** Where dead letters are kept. */
export interface PostgresDeadLettersOptions {
  /** A connection string, or what `pg.Client` takes; the role writes `tidings.dead_letter`. */
  readonly connection: string | pg.ClientConfig;
}

/** A letter in the table. */
export interface StoredDeadLetter {
  /** Ascending in the order of parking. */
  readonly id: string;
  /** Name of the source that it came from. */
  readonly source: string;
  /** As it was parked, malformed where it was; undefined where no event could be made. */
  readonly event: SealedEvent | undefined;
  /** The change as JSON text, where no event could be made of it. */
  readonly change: string | undefined;
  readonly code: string;
  readonly reason: string;
  /** When it was parked first: ISO 8601, by the server's clock. */
  readonly parkedAt: string;
}

/** Which letters to list. */
export interface ListDeadLettersOptions {
  /** Only those of this source, named as in `StoredDeadLetter`. */
  readonly source?: string;
  /** Only those after this id: the last one of the page before. */
  readonly after?: string;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
}

/** What became of letters that were published again. */
export interface RedriveReport {
  /** Ids of letters that the bus accepted; they are gone. */
  readonly accepted: readonly string[];
  /** Letters that stay, and why. */
  readonly kept: readonly { readonly id: string; readonly code: string; readonly reason: string }[];
  /** Ids that no letter has (any more). */
  readonly missing: readonly string[];
}

/** Dead letters in `tidings.dead_letter`. */
export interface PostgresDeadLetters extends DeadLetters {
  /** Lists letters, oldest first. */
  list(options?: ListDeadLettersOptions): Promise<readonly StoredDeadLetter[]>;
  /**
   * Publishes letters again, oldest first, and removes those that the bus accepts. One
   * that is refused again stays, with the new reason. Of two redrives at the same time one
   * takes a letter and the other keeps it, with code `RedriveUnderWay`; a redrive that was
   * killed lets go of its letters two minutes later.
   */
  redrive(publisher: Publisher, ids: readonly string[]): Promise<RedriveReport>;
  /** Removes letters for good. Returns how many there were. */
  discard(ids: readonly string[]): Promise<number>;
  /** Closes the connection; without it an idle one closes by itself after a second. */
  close(): Promise<void>;
}

const { known } = optionBounds(ConfigurationError);

/** Letters that are read and published together. */
const REDRIVE_PAGE = 100;
const IDLE_MS = 1_000;
/** How long a letter is one redrive's without a word from it. */
const CLAIM_SECONDS = 120;
const RENEW_MS = 30_000;

/**
 * Keeps what can never be delivered in the table of the same database. A letter that is
 * parked twice, because a relay was killed in between, is one. Connects when needed.
 * @throws ConfigurationError when the connection is none.
 */
export function postgresDeadLetters(options: PostgresDeadLettersOptions): PostgresDeadLetters {
  known('postgresDeadLetters', options, { connection: true });
  const session = new SqlSession({
    ...clientConfigOf(options.connection),
    application_name: 'tidings dead letters',
  });
  let idle: NodeJS.Timeout | undefined;

  /** A connection that nobody uses must not keep the process from ending. */
  async function use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    clearTimeout(idle);
    try {
      return await session.use(work);
    } finally {
      clearTimeout(idle);
      idle = setTimeout(() => void session.use((client) => client.end()).catch(() => {}), IDLE_MS);
    }
  }

  async function redrivePage(publisher: Publisher, ids: readonly string[]): Promise<RedriveReport> {
    const claim = randomUUID();
    const letters = await use((client) => claimLetters(client, claim, ids));
    const renewal = setInterval(
      () => void use((client) => renewClaim(client, claim)).catch(() => {}),
      RENEW_MS,
    );
    const accepted: string[] = [];
    const kept: { id: string; code: string; reason: string }[] = [];
    const refused: typeof kept = [];
    try {
      const events = letters.map(({ event }) => event as SealedEvent);
      const outcomes = events.length === 0 ? [] : await publisher.publishSettled(events);
      outcomes.forEach((outcome, index) => {
        const id = letters[index]?.id as string;
        if (outcome.status === 'accepted') accepted.push(id);
        else {
          const entry = { id, code: outcome.code, reason: outcome.message };
          kept.push(entry);
          if (outcome.status === 'rejected') refused.push(entry);
        }
      });
    } finally {
      clearInterval(renewal);
      await use((client) => endClaim(client, claim, accepted, refused));
    }
    const taken = new Set(letters.map(({ id }) => id));
    const left = ids.filter((id) => !taken.has(id));
    const others = await use((client) => lettersWhere(client, 'id = any($1::bigint[])', [left]));
    for (const { id, event, code, reason } of others) {
      kept.push(
        event === undefined
          ? { id, code, reason: `it holds a change and no event: ${reason}` }
          : { id, code: 'RedriveUnderWay', reason: 'another redrive publishes it just now' },
      );
    }
    const found = new Set([...taken, ...others.map(({ id }) => id)]);
    return { accepted, kept, missing: ids.filter((id) => !found.has(id)) };
  }

  return {
    park: (letters) => use((client) => park(client, letters)),
    list({ source, after, limit = 100 } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
        throw new RangeError(`limit must be a whole number from 1 to 1000, got ${limit}`);
      }
      return use((client) =>
        lettersWhere(
          client,
          '($1::text is null or relay = $1) and id > $2::bigint',
          [source ?? null, after === undefined ? '0' : idOf(after)],
          limit,
        ),
      );
    },
    async redrive(publisher, ids) {
      const wanted = [...new Set(ids.map(idOf))].sort((a, b) => Number(BigInt(a) - BigInt(b)));
      const report = { accepted: [], kept: [], missing: [] } as {
        [Part in keyof RedriveReport]: RedriveReport[Part][number][];
      };
      for (let first = 0; first < wanted.length; first += REDRIVE_PAGE) {
        const page = await redrivePage(publisher, wanted.slice(first, first + REDRIVE_PAGE));
        report.accepted.push(...page.accepted);
        report.kept.push(...page.kept);
        report.missing.push(...page.missing);
      }
      return report;
    },
    async discard(ids) {
      const { rowCount } = await use((client) =>
        client.query('delete from tidings.dead_letter where id = any($1::bigint[])', [
          ids.map(idOf),
        ]),
      );
      return rowCount ?? 0;
    },
    async close() {
      clearTimeout(idle);
      await session.close();
      clearTimeout(idle);
    },
  };
}

async function park(client: pg.ClientBase, letters: readonly DeadLetter[]): Promise<void> {
  // One statement cannot write a row twice: of two letters of one key the later holds.
  const rows = new Map(
    letters.map(letterRowOf).map((row) => [JSON.stringify([row.relay, row.letterKey]), row]),
  );
  const columns = [...rows.values()];
  await client.query(
    `insert into tidings.dead_letter (relay, letter_key, event, change, code, reason)
     select * from unnest($1::text[], $2::text[], $3::json[], $4::json[], $5::text[], $6::text[])
     on conflict (relay, letter_key) do update
       set event = excluded.event, change = excluded.change,
           code = excluded.code, reason = excluded.reason`,
    [
      columns.map((row) => row.relay),
      columns.map((row) => row.letterKey),
      columns.map((row) => row.event ?? null),
      columns.map((row) => row.change ?? null),
      columns.map((row) => row.code),
      columns.map((row) => row.reason),
    ],
  );
}

/** Takes letters with an event that nobody else has, oldest first. */
async function claimLetters(
  client: pg.ClientBase,
  claim: string,
  ids: readonly string[],
): Promise<readonly StoredDeadLetter[]> {
  const rows = await queryText(
    client,
    `with free as (
       select id from tidings.dead_letter
       where id = any($1::bigint[]) and event is not null
         and (claimed_until is null or claimed_until < clock_timestamp())
       for update skip locked
     ), claimed as (
       update tidings.dead_letter as letter set claim = $2, claimed_until = ${claimEnd}
       from free where letter.id = free.id returning letter.*
     )
     select ${letterColumns} from claimed order by id`,
    [ids, claim],
  );
  return rows.map(letterOf);
}

async function renewClaim(client: pg.ClientBase, claim: string): Promise<void> {
  await client.query(
    `update tidings.dead_letter set claimed_until = ${claimEnd} where claim = $1`,
    [claim],
  );
}

/** Removes what was accepted, notes why the rest was not, and lets go of it. */
async function endClaim(
  client: pg.ClientBase,
  claim: string,
  accepted: readonly string[],
  refused: RedriveReport['kept'],
): Promise<void> {
  await client.query(
    `with gone as (
       delete from tidings.dead_letter where claim = $1 and id = any($2::bigint[])
     )
     update tidings.dead_letter as letter
     set claim = null, claimed_until = null,
         code = coalesce(refused.code, letter.code), reason = coalesce(refused.reason, letter.reason)
     from tidings.dead_letter as held
     left join unnest($3::bigint[], $4::text[], $5::text[]) as refused (id, code, reason)
       on refused.id = held.id
     where held.claim = $1 and held.id <> all($2::bigint[]) and letter.id = held.id`,
    [
      claim,
      accepted,
      refused.map(({ id }) => id),
      refused.map(({ code }) => code),
      refused.map(({ reason }) => reason),
    ],
  );
}

const claimEnd = `clock_timestamp() + interval '${CLAIM_SECONDS} seconds'`;

const letterColumns = `id, relay, event::text as event, change::text as change, code, reason,
  to_json(parked_at at time zone 'UTC') #>> '{}' || 'Z' as parked_at`;

async function lettersWhere(
  client: pg.ClientBase,
  condition: string,
  values: readonly unknown[],
  limit?: number,
): Promise<readonly StoredDeadLetter[]> {
  const rows = await queryText(
    client,
    `select ${letterColumns} from tidings.dead_letter where ${condition} order by id
     ${limit === undefined ? '' : `limit ${limit}`}`,
    values,
  );
  return rows.map(letterOf);
}

function letterOf(row: TextRow): StoredDeadLetter {
  return {
    id: row.id as string,
    source: row.relay as string,
    event: storedEventOf(row.event as string | null),
    change: row.change ?? undefined,
    code: row.code as string,
    reason: row.reason as string,
    parkedAt: row.parked_at as string,
  };
}

/** @throws ConfigurationError for what cannot be the id of a letter. */
function idOf(id: string): string {
  if (/^[1-9]\d{0,17}$/.test(id)) return id;
  throw new ConfigurationError(`"${id}" is not the id of a dead letter; take one that list shows`);
}
