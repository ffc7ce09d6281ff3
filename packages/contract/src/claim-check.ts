import { createHash } from 'node:crypto';
import { ContractError } from './contract-error.ts';
import type { Envelope } from './envelope.ts';

// An event that is too large leaves a part of its data, or all of it, in an object store
// and carries a reference in that part's place. `metadata.claimCheck` names the places as
// JSON Pointers into `data` ("" is the whole of it), so that data which merely looks like
// a reference is never taken for one. A reference is no pre-signed URL: that would have
// died before the event is replayed.

/** Stands in an event for JSON text that is kept in an object store. */
export interface ClaimCheckReference {
  readonly bucket: string;
  readonly key: string;
  /** Length of the object: UTF-8 JSON text of the value that it stands for. */
  readonly bytes: number;
  /** SHA-256 of the object, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

type Detail = Envelope['detail'];

/** Fetches the object that a reference names. What it returns is verified by its caller. */
export type FetchClaimCheck = (reference: ClaimCheckReference) => Promise<Uint8Array>;

/** Puts a detail's values back in place of its references. `parse` takes one. */
export type ClaimCheckResolver = (detail: Detail) => Promise<Detail>;

const jsonPointer = /^(?:\/(?:[^~/]|~[01])*)*$/;
const sha256Hex = /^[0-9a-f]{64}$/;

/** `shown` stands for a pointer that an event names, whose keys may be anybody's. */
function pointerKeys(pointer: string, shown = `claim check "${pointer}"`): string[] {
  if (!jsonPointer.test(pointer)) {
    throw new ContractError(
      `${shown} is no JSON Pointer: write "/items", or "" for the whole data`,
    );
  }
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(data: unknown, keys: readonly string[]): unknown {
  let value = data;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Value at a JSON Pointer into data; undefined where there is none. */
export function valueAtPointer(data: unknown, pointer: string): unknown {
  return valueAt(data, pointerKeys(pointer));
}

/** A copy of data with another value at the pointer, which must lead to one. */
function replaceAtPointer(data: unknown, keys: readonly string[], value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const replaced = (name: string, member: unknown): unknown =>
    name === key ? replaceAtPointer(member, rest, value) : member;
  if (Array.isArray(data)) return data.map((member, index) => replaced(String(index), member));
  // Assigned, a member named `__proto__` would be lost.
  const members = Object.entries(data as object);
  return Object.fromEntries(members.map(([name, member]) => [name, replaced(name, member)]));
}

/** The reference for an object's content. */
export function claimCheckReference(
  bucket: string,
  key: string,
  content: Uint8Array,
): ClaimCheckReference {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { bucket, key, bytes: content.byteLength, sha256 };
}

function isReference(value: unknown): value is ClaimCheckReference {
  if (typeof value !== 'object' || value === null) return false;
  const { bucket, key, bytes, sha256 } = value as Record<string, unknown>;
  return (
    typeof bucket === 'string' &&
    typeof key === 'string' &&
    Number.isSafeInteger(bytes) &&
    typeof sha256 === 'string' &&
    sha256Hex.test(sha256)
  );
}

/**
 * The detail with a reference at each of the pointers, and the pointers noted in its
 * metadata. Each value is stored by the caller before: `JSON.stringify(valueAtPointer(…))`.
 * @throws ContractError where a pointer leads nowhere.
 */
export function putClaimChecks(
  detail: Detail,
  references: ReadonlyMap<string, ClaimCheckReference>,
): Detail {
  let { data } = detail;
  for (const [pointer, reference] of references) {
    if (valueAtPointer(data, pointer) === undefined) {
      throw new ContractError(`data has nothing at "${pointer}": name a path that it has`);
    }
    data = replaceAtPointer(data, pointerKeys(pointer), reference);
  }
  const claimCheck = [...(detail.metadata.claimCheck ?? []), ...references.keys()];
  return { metadata: { ...detail.metadata, claimCheck }, data };
}

/**
 * References of a detail, by pointer; empty for an event that carries its data itself.
 * @throws ContractError where metadata names a place that holds no reference.
 */
export function claimChecksOf(detail: Detail): ReadonlyMap<string, ClaimCheckReference> {
  const references = new Map<string, ClaimCheckReference>();
  for (const [index, pointer] of (detail.metadata.claimCheck ?? []).entries()) {
    const shown = `metadata.claimCheck[${index}]`;
    const value = valueAt(detail.data, pointerKeys(pointer, shown));
    if (!isReference(value)) {
      throw new ContractError(
        `${shown} names a place where data must hold { bucket, key, bytes, sha256 }`,
      );
    }
    references.set(pointer, value);
  }
  return references;
}

async function fetchValue(
  reference: ClaimCheckReference,
  fetch: FetchClaimCheck,
): Promise<unknown> {
  const content = await fetch(reference);
  const { bytes, sha256 } = claimCheckReference(reference.bucket, reference.key, content);
  if (bytes !== reference.bytes || sha256 !== reference.sha256) {
    throw new ContractError(
      `object ${reference.bucket}/${reference.key} is not what the event was published with: its bytes or SHA-256 differ, so restore that object`,
    );
  }
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch {
    // Not the parser's message: it quotes the data.
    throw new ContractError(
      `object ${reference.bucket}/${reference.key} is no JSON text: publish what the reference stands for as JSON`,
    );
  }
}

/**
 * A resolver over any object store. Each value is verified by length and SHA-256; the
 * detail that comes back has no `metadata.claimCheck`. Objects are fetched at the same time.
 *
 * The resolver throws a ContractError where an object is not the one that the event was
 * published with, and whatever `fetch` throws.
 */
export function claimCheckResolver(fetch: FetchClaimCheck): ClaimCheckResolver {
  return async (detail) => {
    const { claimCheck: _, ...metadata } = detail.metadata;
    const values = await Promise.all(
      [...claimChecksOf(detail)].map(
        async ([pointer, reference]) => [pointer, await fetchValue(reference, fetch)] as const,
      ),
    );
    let { data } = detail;
    for (const [pointer, value] of values) {
      data = replaceAtPointer(data, pointerKeys(pointer), value);
    }
    return { metadata, data };
  };
}
