/** A table, a schema or a column that does not exist. */
const NOT_MIGRATED = new Set(['42P01', '3F000', '42703']);
/** Where database libraries keep the server's SQLSTATE, and the error that holds it. */
const STATES = ['code', 'originalCode', 'sqlState'];
const HOLDERS = ['cause', 'driverError', 'meta', 'driverAdapterError', 'originalError'];

/**
 * What a database answered to an append: where the outbox is not there, or is older than this
 * library, an error that says so, with the answer as its `cause`; otherwise the answer itself.
 */
export function withMigrationHint(answer: unknown): unknown {
  const state = stateOf(answer, HOLDERS.length);
  if (state === undefined) return answer;
  const what = state === '42703' ? 'is older than this library' : 'does not exist';
  const error = new Error(
    `tidings.outbox ${what} in the database of this transaction; run \`tidings outbox migrate\` there`,
    { cause: answer },
  );
  return Object.assign(error, { code: state });
}

function stateOf(error: unknown, depth: number): string | undefined {
  if (typeof error !== 'object' || error === null || depth === 0) return undefined;
  const fields = error as Readonly<Record<string, unknown>>;
  for (const name of STATES) {
    const state = fields[name];
    if (typeof state === 'string' && NOT_MIGRATED.has(state)) return state;
  }
  for (const name of HOLDERS) {
    const state = stateOf(fields[name], depth - 1);
    if (state !== undefined) return state;
  }
  return undefined;
}
