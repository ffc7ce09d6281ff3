/** A step that changes the schema; once released it never changes again. */
export interface Migration {
  readonly version: number;
  /** One or more statements, run in one transaction. */
  readonly sql: string;
}
