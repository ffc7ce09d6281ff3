import type { Item } from './item.ts';

/** Where `seal` writes it; metadata comes before data. */
const TRACEPARENT = /"traceparent":"([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"/;
/** Metadata is shorter than this: its keys and ids are bounded. */
const METADATA_CHARACTERS = 2_048;

/** The trace contexts of some events, without repetition. */
export function traceparentsOf(items: readonly Item[]): readonly string[] {
  const found = new Set<string>();
  for (const { entry } of items) {
    const { detail } = entry.event;
    if (!detail.startsWith('{"metadata":')) continue;
    const traceparent = TRACEPARENT.exec(detail.slice(0, METADATA_CHARACTERS))?.[1];
    if (traceparent !== undefined) found.add(traceparent);
  }
  return [...found];
}
