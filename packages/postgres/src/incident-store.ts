import type pg from 'pg';
import { formatLsn, type Lsn } from './lsn.ts';

/** The record of a slot that was lost. */
export interface Incident {
  readonly slot: string;
  readonly reason: string;
  readonly explanation: string;
  /** Up to where events had been published through the lost stream. */
  readonly from: Lsn | undefined;
}

/** An incident that is not closed yet. */
export interface OpenIncident {
  readonly id: string;
  /** By the server's clock: ISO 8601. */
  readonly openedAt: string;
  /** Events that were published again so far: another process may have begun. */
  readonly republished: number;
}

/** An incident that a look at the slot found open. */
export interface UnsettledIncident {
  readonly id: string;
  readonly reason: string;
  readonly explanation: string;
  /** By the server's clock: ISO 8601. */
  readonly openedAt: string;
}

/** The open incident of a slot, if it has one. */
export async function findOpenIncident(
  sql: pg.ClientBase,
  slot: string,
): Promise<UnsettledIncident | undefined> {
  const { rows } = await sql.query<UnsettledIncident>(
    `select id::text, reason, explanation, to_json(opened_at) #>> '{}' as "openedAt"
     from tidings.incident where slot_name = $1 and closed_at is null order by id limit 1`,
    [slot],
  );
  return rows[0];
}

/** Closes what is open of a slot that somebody begins anew, without its checkpoint. */
export async function abandonIncidents(
  sql: pg.ClientBase,
  slot: string,
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `update tidings.incident set closed_at = now()
     where slot_name = $1 and closed_at is null returning id::text`,
    [slot],
  );
  return rows.map(({ id }) => id);
}

/** Opens an incident, or finds the open one of the same slot. */
export async function openIncident(sql: pg.ClientBase, incident: Incident): Promise<OpenIncident> {
  const open = await sql.query<IncidentRow>(
    `select id::text, opened_at, coalesce(republished, 0)::text as republished
     from tidings.incident where slot_name = $1 and closed_at is null`,
    [incident.slot],
  );
  const known = open.rows[0];
  if (known !== undefined) return openOf(known);
  const { rows } = await sql.query<IncidentRow>(
    `insert into tidings.incident (slot_name, reason, explanation, from_lsn)
     values ($1, $2, $3, $4) returning id::text, opened_at, '0' as republished`,
    [
      incident.slot,
      incident.reason,
      incident.explanation,
      incident.from === undefined ? null : formatLsn(incident.from),
    ],
  );
  return openOf(rows[0] as IncidentRow);
}

interface IncidentRow {
  readonly id: string;
  readonly opened_at: Date;
  readonly republished: string;
}

function openOf({ id, opened_at, republished }: IncidentRow): OpenIncident {
  return { id, openedAt: opened_at.toISOString(), republished: Number(republished) };
}

/** Closes an incident: the slot is healed to `to`, and so many events went out again. */
export async function closeIncident(
  sql: pg.ClientBase,
  id: string,
  to: Lsn,
  republished: number,
): Promise<void> {
  await sql.query(
    `update tidings.incident set to_lsn = $2, republished = $3, closed_at = now() where id = $1`,
    [id, formatLsn(to), republished],
  );
}
