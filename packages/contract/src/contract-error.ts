/** One thing that is wrong with an event's data. */
export interface ContractIssue {
  /**
   * Where in the data it is: `items[2].sku`; empty for the data as a whole. A name that the
   * schema does not declare, such as a key of a record, is `*`.
   */
  readonly path: string;
  /** What the schema takes there: a type, the values allowed, a message that the schema holds. */
  readonly expected: string;
  /** Type of what came, `nothing` where it is missing; with `exposeValues` the value too. */
  readonly received: string;
}

/**
 * Thrown for whatever a contract refuses: a definition, data, an option, an envelope
 * that was built by hand. The message is one sentence that says what to write instead.
 * Publishing the same thing again fails again.
 */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  /** Every fault of the data, in the schema's order; empty where no data was looked at. */
  readonly issues: readonly ContractIssue[];

  constructor(message: string, issues: readonly ContractIssue[] = []) {
    super(message);
    this.issues = issues;
  }
}
