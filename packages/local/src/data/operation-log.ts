import { appendFileSync } from 'node:fs';
import { recoverLines } from './recover-lines.ts';

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
    read: () => recoverLines<LoggedOperation>(file),
    append: (operation) => appendFileSync(file, `${JSON.stringify(operation)}\n`),
  };
}
