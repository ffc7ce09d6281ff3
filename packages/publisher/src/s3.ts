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

/**
 * Claim checks: data of events that are too large goes to S3, and the event carries a
 * reference `{ bucket, key, bytes, sha256 }` in its place, which a contract's `parse`
 * resolves and verifies. Objects must outlive the event, its archive and its replays: the
 * bucket's lifecycle decides how long that is.
 *
 * A key is derived from the event and its content, so that a second attempt writes the
 * same object.
 */
export function s3ClaimCheck(options: S3ClaimCheckOptions): OversizePolicy {
  const { bucket, prefix = 'tidings/', paths = [''], objectSettings, timeoutMs = 15_000 } = options;
  const client = options.client ?? new S3Client({});

  async function store(eventId: string, value: unknown): Promise<ClaimCheckReference> {
    const content = Buffer.from(JSON.stringify(value));
    const { sha256 } = claimCheckReference(bucket, '', content);
    const key = `${prefix}${eventId}/${sha256}.json`;
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

/** Fetches the objects of claim checks, for a contract's `parse`. */
export function s3ClaimCheckFetch(client: S3Client = new S3Client({})): FetchClaimCheck {
  return async ({ bucket, key }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (Body === undefined) throw new Error(`S3 answered without the object ${bucket}/${key}.`);
    return Body.transformToByteArray();
  };
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
