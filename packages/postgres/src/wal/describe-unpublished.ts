import pg from 'pg';
import type { UnpublishedTable } from './publication-state.ts';
import type { SlotObservation } from './slot-observation.ts';

/** What a publication lacks, with the statements for it; undefined where it lacks nothing. */
export function describeUnpublished(
  { server, publication }: SlotObservation,
  expected: { readonly publication: string; readonly operations: readonly string[] },
): string | undefined {
  const named = `publication "${expected.publication}"`;
  const identifier = pg.escapeIdentifier(expected.publication);
  if (publication === undefined) {
    return (
      `${named} does not exist in database "${server.database}"; ` +
      'run `tidings outbox migrate` first'
    );
  }
  const { missing } = publication;
  const absent = missing.filter(({ because }) => because === 'absent');
  if (absent.length > 0) {
    return `table ${namesOf(absent)} does not exist any more; rename it back, or restore it`;
  }
  if (missing.length > 0) {
    const unlogged = missing.every(({ because }) => because === 'unlogged')
      ? ', which is unlogged and so leaves nothing in the log'
      : '';
    const statements = new Set(missing.map((each) => statementFor(identifier, each)));
    return `${named} does not publish ${namesOf(missing)}${unlogged}; run ${[...statements].join('; ')}`;
  }
  const unheard = expected.operations.filter((each) => !publication.operations.includes(each));
  if (unheard.length > 0) {
    return (
      `${named} does not publish every ${unheard.join(' and ')}; run ` +
      `ALTER PUBLICATION ${identifier} SET (publish = '${expected.operations.join(', ')}')`
    );
  }
  return undefined;
}

function namesOf(tables: readonly UnpublishedTable[]): string {
  return tables.map(({ name }) => name).join(', ');
}

function statementFor(publication: string, { name, because }: UnpublishedTable): string {
  switch (because) {
    case 'unlogged':
      return `ALTER TABLE ${name} SET LOGGED`;
    case 'not-via-root':
      return `ALTER PUBLICATION ${publication} SET (publish_via_partition_root = true)`;
    default:
      return `ALTER PUBLICATION ${publication} ADD TABLE ${name}`;
  }
}
