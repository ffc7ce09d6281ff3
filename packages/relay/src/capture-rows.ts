import { describeThrown, type PublishableEvent, validateData, withStamp } from '@tidings/contract';
import { CaptureError, describeIssues } from './capture-error.ts';
import { changeStamp } from './change-stamp.ts';
import { changedPaths } from './changed-paths.ts';
import { checkMapping } from './check-mapping.ts';
import { mappedEvents } from './mapped-events.ts';
import type { Row, RowChange } from './row-change.ts';
import { isOfEntity, type RowEntity } from './row-entity.ts';
import type { MappedChange, RowMapping } from './row-mapping.ts';

/** Turns changes of rows into events. */
export interface RowCapture<Change extends RowChange = RowChange> {
  /** The entities that it knows, for feeds to check that they carry what these need. */
  readonly entities: readonly RowEntity[];
  /**
   * The events that tell of a change, the same for every delivery of it; none where no
   * mapping speaks of it.
   * @throws CaptureError where none can be made: the change is poison.
   */
  capture(change: Change): readonly PublishableEvent[];
}

const imageNames = { now: 'new', before: 'old' } as const;

function readImage(entity: RowEntity, change: RowChange, which: 'now' | 'before'): unknown {
  const name = imageNames[which];
  const images = entity.images ?? 'new-and-old';
  if (images !== 'new-and-old' && images !== name) return undefined;
  const image: Row | undefined = change[which];
  const what = `the ${name} image of ${entity.name}`;
  if (image === undefined) {
    throw new CaptureError(
      `${what} is missing from a change of table ${change.table}: let its feed carry both images, ` +
        'or declare what it carries as images of the entity',
    );
  }
  try {
    return validateData({ detailType: what, exposeValues: false }, entity.schema, image);
  } catch (error) {
    const issues = describeIssues(error);
    if (issues === undefined) {
      throw new CaptureError(`the schema of ${entity.name} ${describeThrown(error)}`);
    }
    const omitted =
      which === 'now' && change.omitted !== undefined && change.omitted.length > 0
        ? `; the feed left out ${change.omitted.join(', ')}`
        : '';
    throw new CaptureError(`${what} is refused by its schema: ${issues}${omitted}`);
  }
}

function callMapping(mapping: RowMapping, change: MappedChange): unknown {
  const { entity } = mapping;
  switch (change.operation) {
    case 'insert':
      return mapping.insert?.(readImage(entity, change, 'now') as undefined, change);
    case 'modify':
      return mapping.modify?.(
        readImage(entity, change, 'now') as undefined,
        readImage(entity, change, 'before') as undefined,
        change,
      );
    case 'remove':
    case 'expire':
      return mapping[change.operation]?.(readImage(entity, change, 'before') as undefined, change);
  }
}

function runMapping(mapping: RowMapping, change: MappedChange): readonly PublishableEvent[] {
  const what = `${change.operation} of ${mapping.entity.name}`;
  let returned: unknown;
  try {
    if (mapping[change.operation] === undefined || !isOfEntity(mapping.entity, change)) return [];
    returned = callMapping(mapping, change);
  } catch (error) {
    if (error instanceof CaptureError) throw error;
    throw new CaptureError(`${what} ${describeThrown(error)}`);
  }
  return mappedEvents(what, returned);
}

/** A change, with what is computed only if a mapping asks. A getter of the class costs a tenth of one per object. */
class ChangeWithPaths {
  #paths: readonly string[] | undefined;

  constructor(change: RowChange) {
    Object.assign(this, change);
  }

  get changedPaths(): readonly string[] {
    const { now, before } = this as unknown as RowChange;
    this.#paths ??= now === undefined || before === undefined ? [] : changedPaths(before, now);
    return this.#paths;
  }
}

function mappedChange(change: RowChange): MappedChange {
  return new ChangeWithPaths(change) as unknown as MappedChange;
}

/**
 * Makes one capture of the mappings of all entities. A change goes through each mapping
 * whose entity it is of, in the order given.
 * @throws ConfigurationError where a mapping is malformed.
 */
export function captureRows<
  const Entities extends readonly RowEntity[],
  Change extends RowChange = RowChange,
>(
  ...mappings: { readonly [Index in keyof Entities]: RowMapping<Entities[Index], Change> }
): RowCapture<Change> {
  const checked = mappings.map((mapping) => checkMapping(mapping as unknown as RowMapping));
  return Object.freeze({
    entities: Object.freeze(checked.map(({ entity }) => entity)),
    capture(change: Change) {
      const mapped = mappedChange(change);
      return withStamp(changeStamp(change), () => {
        if (checked.length === 1) return runMapping(checked[0] as RowMapping, mapped);
        return checked.flatMap((mapping) => runMapping(mapping, mapped));
      });
    },
  });
}
