import { type Clock, systemClock } from '../clock.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';

/** A record of a stream, in the shape that Lambda and Pipes receive it in. */
export type PipeRecord = Readonly<Record<string, unknown>>;

/**
 * What the pipe's enrichment does with a batch. Its answer is the target's input: a
 * list, one payload an item. `""`, `{}` and `[]` mean that nothing is to be sent.
 * Throwing fails the batch.
 */
export type Enrichment = (records: readonly PipeRecord[]) => unknown;

/** Where the pipe's payloads go. A text that begins with `$.` is a path into the payload. */
export interface PipeTarget {
  /** Of a local bus, or of anything else that answers PutEvents. */
  readonly endpoint: string;
  /** Name or ARN. Default: `default`. */
  readonly eventBusName?: string;
  readonly source: string;
  readonly detailType: string;
  readonly resources?: readonly string[];
  /** A path only. Default: the time of arrival. */
  readonly time?: string;
  /** Makes the detail of the payload. Paths above never see what it makes. */
  readonly inputTemplate?: string;
}

/** Records that the pipe gave up. */
export interface PipeDeadLetter {
  readonly records: readonly PipeRecord[];
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  /** What failed last. */
  readonly error: string;
}

/** Settings of a pipe, under the service's names. */
export interface PipeOptions {
  /** Event patterns; a record goes on if it matches one. Default: all go on. */
  readonly filter?: readonly object[];
  /** Default: 100, as the service has it; at most 10,000. */
  readonly batchSize?: number;
  /** Milliseconds that a batch waits for more records. Default: 0. */
  readonly batchWindowMs?: number;
  readonly enrichment?: Enrichment;
  readonly target: PipeTarget;
  /** After the first attempt. Default: -1, for ever, as the service has it. */
  readonly maximumRetryAttempts?: number;
  /** Default: -1, for ever. */
  readonly maximumRecordAgeSeconds?: number;
  /** Halves a batch that failed, and retries the halves one after the other. */
  readonly onPartialBatchItemFailure?: 'AUTOMATIC_BISECT';
  /**
   * What goes through the pipe again where some entries failed: the whole `batch`, or the
   * `remainder`, the records whose `eventID` the payloads of failed entries carry. The
   * service's pages say both, so that an enrichment must bear both. Default: `batch`.
   */
  readonly retries?: 'batch' | 'remainder';
  /** Milliseconds before a retry. Default: 1,000. */
  readonly retryDelayMs?: number;
  /** Default: what is given up is only counted. */
  readonly onDeadLetter?: (letter: PipeDeadLetter) => void;
  readonly clock?: Clock;
}

/** All settings, each with a value. */
export interface ResolvedPipeOptions extends Required<Omit<PipeOptions, 'filter'>> {
  readonly isWanted: (record: PipeRecord) => boolean;
  readonly bisects: boolean;
}

const pathPattern = /^\$(\.[\w/_-]+(\[(\d+|\*)\])*)*$/;

/** @throws Error that names the option, its bound and the value. */
export function resolvePipeOptions(
  options: PipeOptions,
): Omit<ResolvedPipeOptions, 'onPartialBatchItemFailure'> {
  const { target } = options;
  const bounded = (name: string, value: number, min: number, max: number): number => {
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Error(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
  };
  for (const value of [target.source, target.detailType, ...(target.resources ?? [])]) {
    if (value.startsWith('$') && !pathPattern.test(value)) {
      throw new Error(`${value} is not a path: the service takes names, / _ -, [0] and [*] only`);
    }
  }
  if (target.time !== undefined && !pathPattern.test(target.time)) {
    throw new Error(`target.time must be a path such as $.occurredAt, got ${target.time}`);
  }
  if ((target.inputTemplate?.length ?? 0) > 8192) {
    throw new Error('target.inputTemplate must have at most 8192 characters');
  }
  if ((target.resources?.length ?? 0) > 10) {
    throw new Error(`target.resources must be at most 10, got ${target.resources?.length}`);
  }
  const patterns = (options.filter ?? []).map((each) => compilePattern(JSON.stringify(each)));
  return Object.freeze({
    isWanted: (record: PipeRecord) =>
      patterns.length === 0 || patterns.some((pattern) => pattern.matches(record)),
    batchSize: bounded('batchSize', options.batchSize ?? 100, 1, 10_000),
    batchWindowMs: bounded('batchWindowMs', options.batchWindowMs ?? 0, 0, 300_000),
    enrichment: options.enrichment ?? ((records: readonly PipeRecord[]) => records),
    target,
    maximumRetryAttempts: bounded(
      'maximumRetryAttempts',
      options.maximumRetryAttempts ?? -1,
      -1,
      10_000,
    ),
    maximumRecordAgeSeconds: bounded(
      'maximumRecordAgeSeconds',
      options.maximumRecordAgeSeconds ?? -1,
      -1,
      604_800,
    ),
    retries: options.retries ?? 'batch',
    bisects: options.onPartialBatchItemFailure === 'AUTOMATIC_BISECT',
    retryDelayMs: bounded('retryDelayMs', options.retryDelayMs ?? 1_000, 0, 3_600_000),
    onDeadLetter: options.onDeadLetter ?? (() => {}),
    clock: options.clock ?? systemClock,
  });
}
