/** A value of an outbox's statement. Every other type is written as text and cast in SQL. */
export type OutboxValue = string | null;

/**
 * Runs one statement in the caller's transaction: all that the outbox asks of a database
 * library. `text` has the placeholders `$1` to `$n`, each once and in order, and each
 * cast from text: a library needs no knowledge of the columns' types, and none can
 * rewrite JSON on the way. Rejects with what the library throws.
 */
export type OutboxExecutor<Transaction> = (
  transaction: Transaction,
  text: string,
  values: readonly OutboxValue[],
) => Promise<unknown>;

/** The pieces of a statement around its placeholders, for libraries that number their own. */
export function piecesOf(text: string): readonly string[] {
  return text.split(/\$\d+/);
}
