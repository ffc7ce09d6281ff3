import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { writtenColumns } from './outbox/insert-statement.ts';

/** The roles that work with an outbox. They must exist; any may be left out. */
export interface OutboxRoles {
  /** What services connect as: it may append, in their own transactions, and nothing else. */
  readonly writer?: string;
  /**
   * What a relay connects as: it may read the outbox, stream a slot and heal it, keep its
   * checkpoint, incidents and dead letters, and run `maintainOutbox` and `replayOutbox`.
   */
  readonly relay?: string;
}

/**
 * The SQL that gives each role what it needs and no more. Run it as the owner of schema
 * `tidings`, after `migrateOutbox` and again after each upgrade; twice does no harm. It
 * takes nothing away. For `relay` it also sets REPLICATION (on Amazon RDS and Aurora: it
 * grants `rds_replication`), which takes a superuser or a role that has it to give.
 *
 * Ownership stays with whoever ran `migrateOutbox`: only the owner changes tables and the
 * publication, so that a relay which finds its table unpublished says what the owner runs.
 * @throws ConfigurationError when no role is named.
 */
export function outboxRoles({ writer, relay }: OutboxRoles): string {
  const grants: string[] = [];
  if (writer !== undefined) grants.push(writerGrants(roleName('writer', writer)));
  if (relay !== undefined) grants.push(relayGrants(roleName('relay', relay)));
  if (grants.length === 0) throw new ConfigurationError('name a writer, a relay, or both');
  return grants.join('\n');
}

function roleName(option: string, role: string): string {
  if (role === '') throw new ConfigurationError(`${option} must be the name of a role, got ""`);
  return role;
}

/** What an insert runs: `append`, and the rules of the table's constraint. */
const writersFunctions = [
  'append',
  'new_event_id',
  'is_event',
  'json_says',
  'has_two_members',
  'resources_are_names',
].map((name) => `tidings.${name}`);

// Not id, transaction_id and appended_at: a writer that could set them could hide rows.
function writerGrants(writer: string): string {
  const role = pg.escapeIdentifier(writer);
  return `-- ${forComment(writer)} may append.
grant usage on schema tidings to ${role};
grant insert (${writtenColumns.join(', ')}) on tidings.outbox to ${role};
grant usage on sequence tidings.outbox_id to ${role};
grant execute on function ${writersFunctions.join(', ')} to ${role};
`;
}

function relayGrants(relay: string): string {
  const role = pg.escapeIdentifier(relay);
  return `-- ${forComment(relay)} may relay.
grant usage on schema tidings to ${role};
grant select on tidings.outbox, tidings.migration to ${role};
grant select, insert, update, delete on tidings.checkpoint, tidings.dead_letter to ${role};
grant select, insert, update on tidings.incident to ${role};
grant execute on all functions in schema tidings to ${role};
do $$ begin
  if exists (select from pg_roles where rolname = ${pg.escapeLiteral(relay)} and rolreplication) then
    return;
  elsif exists (select from pg_roles where rolname = 'rds_replication') then
    execute ${pg.escapeLiteral(`grant rds_replication to ${role}`)};
  else
    execute ${pg.escapeLiteral(`alter role ${role} replication`)};
  end if;
end $$;
`;
}

function forComment(role: string): string {
  return role.replaceAll(/\s/g, ' ');
}
