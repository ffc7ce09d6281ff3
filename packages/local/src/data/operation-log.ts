import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** An operation that changed what exists. */
export interface LoggedOperation {
  readonly at: number;
  readonly service: string;
  readonly op: string;
  readonly account: string;
  readonly region: string;
  readonly input: unknown;
}

/**
 * The operations that changed what exists, in a file of one JSON line each: repeated at
 * the next start, they make the same buses, rules and archives again.
 */
export interface OperationLog {
  read(): readonly LoggedOperation[];
  append(operation: LoggedOperation): void;
}

export function createOperationLog(file: string): OperationLog {
  return {
    read: () => readLines<LoggedOperation>(file),
    append: (operation) => appendFileSync(file, `${JSON.stringify(operation)}\n`),
  };
}

/** The lines of a file; a last line that a crash cut short is left out. */
export function readLines<T>(file: string): readonly T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}
