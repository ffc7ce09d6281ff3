import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';

/** One line of the result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it has to reach, for example `>= 1.5`. */
  readonly target?: string;
}

/** What every benchmark is given. */
export interface BenchStage {
  readonly cluster: PostgresCluster;
  /** Scale of the row counts: 1 is what the figures are stated for. */
  readonly scale: number;
  /** How often each side runs, interleaved; the median counts. */
  readonly runs: number;
}

/** One benchmark: throws where its own results do not add up. */
export type Benchmark = (stage: BenchStage) => Promise<readonly Figure[]>;

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A count of rows at the stage's scale. */
export function scaled(rows: number, { scale }: BenchStage): number {
  return Math.max(100, Math.round(rows * scale));
}
