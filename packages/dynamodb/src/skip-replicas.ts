import { ConfigurationError } from '@tidings/relay';
import type { ItemCapture } from './capture-items.ts';
import type { ItemChange } from './item-change.ts';

/**
 * Which of a global table's regions tells of a change.
 *
 * - `emitIn`: always the same one. Simple, and silent while that region is down.
 * - `writtenIn`: the region in which the item was written last, named by an attribute that
 *   every writer sets to its own region (`aws:rep:updateregion` in tables of the 2017
 *   version). The handlers of all regions run. An item without the attribute is told of
 *   everywhere.
 */
export type ReplicaRule = { readonly emitIn: string } | { readonly writtenIn: string };

function isReplica(rule: ReplicaRule, change: ItemChange): boolean {
  if ('emitIn' in rule) return change.region !== rule.emitIn;
  const writtenIn = (change.now ?? change.before)?.[rule.writtenIn];
  return typeof writtenIn === 'string' && writtenIn !== change.region;
}

/**
 * Captures each change of a global table once. Every region has a stream of its own, in
 * which the same change has another id, so that consumers could not tell that the events of
 * two regions are one.
 *
 * A replica's stream does not mark what the time to live deleted: only the region that
 * deleted it does (DynamoDB developer guide, "DynamoDB Streams and Time to Live"). On global
 * tables map `expire` and `remove` to what is right for both.
 * @throws ConfigurationError where the rule names nothing.
 */
export function skipReplicas(capture: ItemCapture, rule: ReplicaRule): ItemCapture {
  const name = 'emitIn' in rule ? rule.emitIn : rule?.writtenIn;
  if (typeof name !== 'string' || name === '') {
    throw new ConfigurationError(
      "skipReplicas needs { emitIn: 'eu-west-1' } or { writtenIn: 'region' }, an attribute",
    );
  }
  return Object.freeze({
    entities: capture.entities,
    capture: (change: ItemChange) => (isReplica(rule, change) ? [] : capture.capture(change)),
  });
}
