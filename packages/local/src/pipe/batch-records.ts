import type { Clock } from '../clock.ts';
import type { PipeRecord } from './pipe-options.ts';

/** Records of one shard, in order, in pages of any size. */
export type RecordPages = AsyncIterable<readonly PipeRecord[]> | Iterable<readonly PipeRecord[]>;

/**
 * Cuts pages into batches of at most `size`. A batch that is not full waits `windowMs`
 * for the next page.
 */
export async function* batchRecords(
  pages: RecordPages,
  size: number,
  windowMs: number,
  clock: Clock,
): AsyncGenerator<readonly PipeRecord[]> {
  const source =
    Symbol.asyncIterator in pages ? pages[Symbol.asyncIterator]() : pages[Symbol.iterator]();
  let waiting: PipeRecord[] = [];
  let since = 0;
  let next: Promise<IteratorResult<readonly PipeRecord[]>> | undefined;
  for (let isOver = false; !isOver || waiting.length > 0; ) {
    next ??= Promise.resolve(source.next());
    const isFull = waiting.length >= size;
    const left = since + windowMs - clock.now();
    if (!isOver && !isFull && (waiting.length === 0 || left > 0)) {
      const page = waiting.length === 0 ? await next : await within(next, left, clock);
      if (waiting.length === 0) since = clock.now();
      if (page !== undefined) {
        next = undefined;
        if (page.done) isOver = true;
        else waiting.push(...page.value);
        continue;
      }
    }
    yield waiting.slice(0, size);
    waiting = waiting.slice(size);
    // What nobody waits for any more must not be an unhandled rejection later on.
    if (isOver) next.catch(() => {});
  }
}

/** Undefined where the promise takes longer than `ms`. */
function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then((value) => {
      cancel();
      resolve(value);
    }, reject);
  });
}
