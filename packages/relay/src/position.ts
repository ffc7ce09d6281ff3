declare const position: unique symbol;
declare const checkpoint: unique symbol;

/**
 * Where a source stands in its store after some change, in the source's own
 * notation (a log sequence number, a shard and a sequence number). Reading up to a
 * position says nothing about delivery.
 */
export type Position = string & { readonly [position]: true };

/**
 * A position up to which every change is settled, so that a restart may begin
 * there. Only the watermark makes one; a position that was merely read is none.
 */
export type Checkpoint = string & { readonly [checkpoint]: true };

/** For sources: names a place in the store that reading has reached. */
export function positionOf(notation: string): Position {
  return notation as Position;
}
