/**
 * Gives a row columns whose values the feed did not tell, and notes whether anybody asks for
 * one: a schema that does not name it never does. They read as `undefined`; a getter that
 * threw would pass for something else, for zod takes it for an asynchronous schema.
 * @returns the first column that was asked for by then; undefined where none was.
 */
export function watchColumns(
  row: Record<string, unknown>,
  columns: Iterable<string>,
): () => string | undefined {
  let asked: string | undefined;
  for (const column of columns) {
    Object.defineProperty(row, column, {
      enumerable: true,
      get(): undefined {
        asked ??= column;
        return undefined;
      },
    });
  }
  return () => asked;
}
