import { createHash } from 'node:crypto';
import type { Message, NewMessage } from './message.ts';
import type { QueueAttributes } from './queue-attributes.ts';

/** Which messages a FIFO queue has taken within the last five minutes. */
export interface Deduplication {
  /** The message that a new one repeats, or undefined where it is none. */
  repeated(message: NewMessage, now: number): Message | undefined;
  remember(message: Message, now: number): void;
  attributesChanged(after: QueueAttributes, now: number): void;
  clear(): void;
}

const windowMs = 300_000;
/** A changed scope reaches the whole service within a minute. */
const scopeDelayMs = 60_000;

/** @param attributes Of the queue when it is created. */
export function createDeduplication(attributes: QueueAttributes): Deduplication {
  /** By id, that which was taken longest ago first. */
  const taken = new Map<string, { readonly message: Message; readonly at: number }[]>();
  let scope = attributes.DeduplicationScope;
  let next = { scope, from: 0 };
  const scopeAt = (now: number): string | undefined => {
    if (next.from <= now) scope = next.scope;
    return scope;
  };
  return {
    repeated(message, now) {
      const isByGroup = scopeAt(now) === 'messageGroup';
      const known = taken.get(deduplicationId(message)) ?? [];
      return known.find(
        (each) =>
          now - each.at < windowMs && (!isByGroup || each.message.groupId === message.groupId),
      )?.message;
    },
    remember(message, now) {
      for (const [id, known] of taken) {
        if (known.some((each) => now - each.at < windowMs)) break;
        taken.delete(id);
      }
      const id = deduplicationId(message);
      const known = (taken.get(id) ?? []).filter((each) => now - each.at < windowMs);
      taken.delete(id);
      taken.set(id, [...known, { message, at: now }]);
    },
    attributesChanged(after, now) {
      const current = scopeAt(now);
      if (after.DeduplicationScope === next.scope) return;
      scope = current;
      next = { scope: after.DeduplicationScope, from: now + scopeDelayMs };
    },
    clear: () => taken.clear(),
  };
}

/** Where the sender gives none, the digest of the body. */
export function deduplicationId(message: NewMessage): string {
  return message.deduplicationId ?? createHash('sha256').update(message.body).digest('hex');
}
