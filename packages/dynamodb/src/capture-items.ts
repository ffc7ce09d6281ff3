import { captureRows, type RowCapture, type RowEntity, type RowMapping } from '@tidings/relay';
import type { ItemChange } from './item-change.ts';

/** Turns changes of items into events. */
export type ItemCapture = RowCapture<ItemChange>;

/** Which events tell of the changes of one kind of item. */
export type ItemMapping<Entity extends RowEntity = RowEntity> = RowMapping<Entity, ItemChange>;

/**
 * Maps changes of a table's items to events, each entity of a single-table design on its
 * own:
 *
 * ```ts
 * const capture = captureItems({
 *   entity: orderItem,
 *   insert: (now) => OrderPlaced.create({ orderId: now.orderId, totalCents: now.totalCents }),
 *   modify: (now, before) =>
 *     now.status === 'shipped' && before.status !== 'shipped'
 *       ? OrderShipped.create({ orderId: now.orderId })
 *       : undefined,
 * });
 * ```
 *
 * Attributes are as `itemChange` reads them: integers beyond 2^53 are `bigint`, decimals
 * that no double holds are text, sets are `Set`, binary is `Uint8Array`. What the time to
 * live deletes is `expire`, not `remove`.
 * @throws ConfigurationError where a mapping is malformed.
 */
export function captureItems<const Entities extends readonly RowEntity[]>(
  ...mappings: { readonly [Index in keyof Entities]: ItemMapping<Entities[Index]> }
): ItemCapture {
  return captureRows<Entities, ItemChange>(...mappings);
}
