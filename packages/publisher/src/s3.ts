import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  type ClaimCheckReference,
  claimCheckReference,
  type Envelope,
  type FetchClaimCheck,
  optionBounds,
  putClaimChecks,
  type SealedEvent,
  valueAtPointer,
} from '@tidings/contract';
import { hasUnsafeNumber } from './json-numbers.ts';
import type { OversizePolicy } from './oversize.ts';
import { sdkFailure } from './sdk-failure.ts';
import type { RequestFailure } from './transport.ts';

/** Settings of `s3ClaimCheck`. */
export interface S3ClaimCheckOptions {
  readonly bucket: string;
  /** Put before each key. Default `tidings/`. */
  readonly prefix?: string;
  /**
   * JSON Pointers into data, such as `/items`: only what is there leaves the event, so
   * that what rules filter on stays. Default: the whole data.
   */
  readonly paths?: readonly string[];
  /** Default: a client of its own, from the environment. */
  readonly client?: S3Client;
  /** Further settings of each object, such as encryption, storage class or tags. */
  readonly objectSettings?: Partial<Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>>;
  /** Milliseconds until an upload is given up. Default 15,000. */
  readonly timeoutMs?: number;
}

const PUT_NAMES: Record<keyof S3ClaimCheckOptions, true> = {
  bucket: true,
  prefix: true,
  paths: true,
  client: true,
  objectSettings: true,
  timeoutMs: true,
};

const { known, milliseconds, whole } = optionBounds(RangeError);

/** Put before each key where nobody says otherwise. */
const PREFIX = 'tidings/';

/**
 * Claim checks: data of events that are too large goes to S3, and the event carries a
 * reference `{ bucket, key, bytes, sha256 }` in its place, which a contract's `parse`
 * resolves and verifies. Objects must outlive the event, its archive and its replays: the
 * bucket's lifecycle decides how long that is.
 *
 * A key is derived from the event and its content, so that a second attempt writes the
 * same object.
 *
 * @throws RangeError where an option is unknown or out of its bounds.
 */
export function s3ClaimCheck(options: S3ClaimCheckOptions): OversizePolicy {
  known('s3ClaimCheck', options, PUT_NAMES);
  const { bucket, prefix = PREFIX, paths = [''], objectSettings, timeoutMs = 15_000 } = options;
  checkPlace(bucket, prefix);
  checkPaths(paths);
  milliseconds('timeoutMs', timeoutMs, 1);
  const client = options.client ?? new S3Client({});

  async function store(eventId: string, value: unknown): Promise<ClaimCheckReference> {
    const content = Buffer.from(JSON.stringify(value));
    const { sha256 } = claimCheckReference(bucket, '', content);
    const key = `${prefix}${folderOf(eventId)}/${sha256}.json`;
    const command = new PutObjectCommand({
      ContentType: 'application/json',
      ...objectSettings,
      Bucket: bucket,
      Key: key,
      Body: content,
    });
    await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    return claimCheckReference(bucket, key, content);
  }

  return {
    async shrink(event) {
      if (hasUnsafeNumber(event.detail)) return { ok: false, failure: unsafeNumber };
      const detail: Envelope['detail'] = JSON.parse(event.detail);
      const present = paths.filter((path) => valueAtPointer(detail.data, path) !== undefined);
      try {
        const references = await Promise.all(
          present.map(
            async (path) =>
              [path, await store(event.eventId, valueAtPointer(detail.data, path))] as const,
          ),
        );
        const shrunk: SealedEvent = {
          ...event,
          detail: JSON.stringify(putClaimChecks(detail, new Map(references))),
        };
        return { ok: true, event: shrunk };
      } catch (error) {
        return { ok: false, failure: uploadFailure(error, bucket) };
      }
    },
  };
}

/** Settings of `s3ClaimCheckFetch`. */
export interface S3ClaimCheckFetchOptions {
  /** The bucket, or the buckets, in which objects may be: an event may name any. */
  readonly bucket: string | readonly string[];
  /** What their keys begin with. Default `tidings/`, as that of `s3ClaimCheck`. */
  readonly prefix?: string;
  /** Bytes that an object may have. Default 104,857,600 (100 MiB). */
  readonly maxBytes?: number;
  /** Default: a client of its own, from the environment. */
  readonly client?: S3Client;
  /** Milliseconds until a download is given up. Default 15,000. */
  readonly timeoutMs?: number;
}

const FETCH_NAMES: Record<keyof S3ClaimCheckFetchOptions, true> = {
  bucket: true,
  prefix: true,
  maxBytes: true,
  client: true,
  timeoutMs: true,
};

/** A reference that an event names and that is not fetched; the message says why. */
export class ClaimCheckRefusedError extends Error {
  override readonly name = 'ClaimCheckRefusedError';
}

/**
 * Fetches the objects of claim checks, for a contract's `parse`. Whoever can publish an event can
 * name an object in it, so only those in the bucket and under the prefix given here are
 * fetched, and none that is larger than it says.
 *
 * @throws RangeError where an option is unknown or out of its bounds. What it returns rejects
 * with ClaimCheckRefusedError for a reference to anything else.
 */
export function s3ClaimCheckFetch(options: S3ClaimCheckFetchOptions): FetchClaimCheck {
  known('s3ClaimCheckFetch', options, FETCH_NAMES);
  const { prefix = PREFIX, maxBytes = 100 * 1024 * 1024, timeoutMs = 15_000 } = options;
  const buckets = typeof options.bucket === 'string' ? [options.bucket] : options.bucket;
  if (!Array.isArray(buckets) || buckets.length === 0) {
    throw new RangeError('bucket must be the name of a bucket, or a list of names');
  }
  for (const bucket of buckets) checkPlace(bucket, prefix);
  whole('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
  milliseconds('timeoutMs', timeoutMs, 1);
  const client = options.client ?? new S3Client({});

  return async ({ bucket, key, bytes }) => {
    if (!buckets.includes(bucket)) {
      throw new ClaimCheckRefusedError(
        'The event names a claim check in another bucket than is allowed; add the bucket where it is one of yours.',
      );
    }
    // S3 takes dots as they are, but not everything between here and there does.
    if (!key.startsWith(prefix) || key.split('/').some((part) => part === '.' || part === '..')) {
      throw new ClaimCheckRefusedError(
        `The event names a claim check that is not under ${JSON.stringify(prefix)}; set prefix where your objects are elsewhere.`,
      );
    }
    if (bytes > maxBytes) {
      throw new ClaimCheckRefusedError(
        `The event names a claim check of ${bytes} bytes and maxBytes is ${maxBytes}.`,
      );
    }
    const command = new GetObjectCommand({ Bucket: bucket, Key: key });
    const abortSignal = AbortSignal.timeout(timeoutMs);
    const { Body, ContentLength } = await client.send(command, { abortSignal });
    if (Body === undefined) throw new Error(`S3 answered without the object ${bucket}/${key}.`);
    if (ContentLength !== undefined && ContentLength > bytes) {
      await (Body as Partial<Readable>).destroy?.();
      throw new ClaimCheckRefusedError(
        `The object of a claim check has ${ContentLength} bytes, and the event names ${bytes}.`,
      );
    }
    return Body.transformToByteArray();
  };
}

function checkPlace(bucket: unknown, prefix: unknown): void {
  if (typeof bucket !== 'string' || bucket === '') {
    throw new RangeError('bucket must be the name of a bucket');
  }
  if (typeof prefix !== 'string') throw new RangeError('prefix must be a text, such as tidings/');
}

function checkPaths(paths: unknown): void {
  if (!Array.isArray(paths) || paths.length === 0) {
    throw new RangeError('paths must be a list of JSON Pointers into data, such as ["/items"]');
  }
  for (const path of paths) {
    try {
      valueAtPointer({}, path);
    } catch {
      const shown = JSON.stringify(path);
      throw new RangeError(`paths must be JSON Pointers, such as /items; got ${shown}`);
    }
  }
}

/** An id of anybody's must not lead out of the prefix. */
function folderOf(eventId: string): string {
  const isPlain = /^[\w=@+:-][\w=@+:.-]{0,199}$/.test(eventId);
  return isPlain ? eventId : createHash('sha256').update(eventId).digest('hex');
}

const unsafeNumber: RequestFailure = {
  code: 'ValidationException',
  status: undefined,
  message:
    'The event is too large, and holds a number that JavaScript would rewrite on its way to S3; write such numbers as strings.',
};

function uploadFailure(error: unknown, bucket: string): RequestFailure {
  const timedOut = error instanceof Error && error.name === 'AbortError';
  const failure = sdkFailure(error);
  return {
    ...failure,
    code: timedOut ? 'Timeout' : failure.code,
    message: `The event is too large for the bus, and its data could not be put into s3://${bucket} (${failure.code}: ${failure.message}).`,
  };
}
