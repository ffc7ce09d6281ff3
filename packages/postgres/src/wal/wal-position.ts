import { type Checkpoint, type Position, positionOf } from '@tidings/relay';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';

/**
 * A place in the log, and the number of the history that it belongs to: each repair,
 * and each server that took over, begins another. Numbers of the log are comparable
 * within a history only.
 */
export function walPosition(epoch: number, lsn: Lsn): Position {
  return positionOf(`${epoch}@${formatLsn(lsn)}`);
}

/** Reads what `walPosition` wrote. */
export function parseWalPosition(checkpoint: Checkpoint): {
  readonly epoch: number;
  readonly lsn: Lsn;
} {
  const [epoch = '', lsn = ''] = checkpoint.split('@');
  return { epoch: Number(epoch), lsn: parseLsn(lsn) };
}
