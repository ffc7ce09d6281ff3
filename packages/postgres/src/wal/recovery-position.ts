import { type Checkpoint, type Position, positionOf } from '@tidings/relay';
import { formatPlace, parsePlace, type ReadPlace } from '../read-place.ts';

/** How far a recovery has come: what the table held up to there is read. */
export interface RecoveryPosition {
  /** Number of the reading that it is of, as a source counts them. */
  readonly reading: number;
  /** Of the server that it was read from. */
  readonly timeline: number;
  readonly place: ReadPlace;
  /** What the place's snapshot does not see was appended later: ISO 8601. */
  readonly at: string;
  readonly incident: string;
  /** Rows of this incident that were read, this one's included. */
  readonly rows: number;
}

const PREFIX = 'recovery';

const PAGE_PREFIX = 'page';

/**
 * The end of a page of a table that is read whole. A restart reads the table from its
 * beginning, so it is not stored: it only shows that the bus takes what is read.
 */
export function pagePosition(reading: number, page: number): Position {
  return positionOf(`${PAGE_PREFIX} ${reading} ${page}`);
}

/** The number of the reading that a page is of; undefined for any other position. */
export function parsePagePosition(checkpoint: Checkpoint): number | undefined {
  const [prefix, reading] = checkpoint.split(' ');
  return prefix === PAGE_PREFIX ? Number(reading) : undefined;
}

/** A position of its own kind: a recovery is read from a table, not from the log. */
export function recoveryPosition(position: RecoveryPosition): Position {
  const { reading, timeline, place, at, incident, rows } = position;
  return positionOf([PREFIX, reading, timeline, formatPlace(place), at, incident, rows].join(' '));
}

/** Reads what `recoveryPosition` wrote; undefined for a position in the log. */
export function parseRecoveryPosition(checkpoint: Checkpoint): RecoveryPosition | undefined {
  const [prefix, reading = '', timeline = '', place = '', at = '', incident = '', rows = ''] =
    checkpoint.split(' ');
  if (prefix !== PREFIX) return undefined;
  return {
    reading: Number(reading),
    timeline: Number(timeline),
    place: parsePlace(place),
    at,
    incident,
    rows: Number(rows),
  };
}
