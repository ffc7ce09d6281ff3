import fc from 'fast-check';

/** A value of an item together with its attribute in the JSON shape and in the SDK's. */
interface Attribute {
  readonly json: Record<string, unknown>;
  readonly sdk: Record<string, unknown>;
}

const same = (attribute: Record<string, unknown>): Attribute => ({
  json: attribute,
  sdk: attribute,
});
const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }).map(String),
  fc
    .double({ noNaN: true, min: -1e100, max: 1e100 })
    .filter((value) => value === 0 || Math.abs(value) >= 1e-130)
    .map(String),
  fc.constantFrom('0', '1E+125', '-1E-130', '0.1', '9007199254740993'),
);
const bytes = fc.uint8Array({ maxLength: 40 });
const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

const scalar: fc.Arbitrary<Attribute> = fc.oneof(
  text.map((S) => same({ S })),
  numberText.map((N) => same({ N })),
  fc.boolean().map((BOOL) => same({ BOOL })),
  fc.constant(same({ NULL: true })),
  bytes.map((B) => ({ json: { B: base64(B) }, sdk: { B } })),
  fc.uniqueArray(text, { maxLength: 4 }).map((SS) => same({ SS })),
  fc.uniqueArray(numberText, { maxLength: 4 }).map((NS) => same({ NS })),
  fc.array(bytes, { maxLength: 3 }).map((BS) => ({ json: { BS: BS.map(base64) }, sdk: { BS } })),
);
const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'total', 'é'));

function mapped(members: Record<string, Attribute>, shape: 'json' | 'sdk') {
  const entries = Object.entries(members).map(([key, value]) => [key, value[shape]] as const);
  return Object.fromEntries(entries);
}

const { attribute } = fc.letrec<{ attribute: Attribute }>((tie) => ({
  attribute: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('attribute'), { maxLength: 4 }).map((L) => ({
      json: { L: L.map(({ json }) => json) },
      sdk: { L: L.map(({ sdk }) => sdk) },
    })),
    fc
      .dictionary(name, tie('attribute'), { maxKeys: 4 })
      .map((M) => ({ json: { M: mapped(M, 'json') }, sdk: { M: mapped(M, 'sdk') } })),
  ),
}));

const image = fc
  .dictionary(name, attribute, { maxKeys: 6 })
  .map((members) => ({ json: mapped(members, 'json'), sdk: mapped(members, 'sdk') }));

/** One record in the shape of Lambda and Pipes, and in that of the SDK. */
export interface BothShapes {
  readonly json: Record<string, unknown>;
  readonly sdk: Record<string, unknown>;
}

/** ARN of the stream that generated records come from. */
export const recordedStreamArn =
  'arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/2026-01-01T00:00:00.000';

/** Records as the service may write them, of streams of every view type. */
export const streamRecord: fc.Arbitrary<BothShapes> = fc
  .record({
    id: fc.uuid(),
    eventName: fc.constantFrom('INSERT', 'MODIFY', 'REMOVE'),
    view: fc.constantFrom('NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY'),
    pk: fc.string({ minLength: 1, maxLength: 10 }),
    now: image,
    before: image,
    seconds: fc.integer({ min: 1_600_000_000, max: 1_900_000_000 }),
    fraction: fc.constantFrom(0, 0.25),
    sequence: fc.bigInt({ min: 10n ** 20n, max: 10n ** 39n }).map(String),
    isExpiry: fc.boolean(),
  })
  .map(({ id, eventName, view, pk, now, before, seconds, fraction, sequence, isExpiry }) => {
    const hasNow =
      eventName !== 'REMOVE' && (view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES');
    const hasBefore =
      eventName !== 'INSERT' && (view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES');
    const record = (shape: 'json' | 'sdk') => ({
      eventID: id,
      eventName,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'eu-west-1',
      dynamodb: {
        ApproximateCreationDateTime:
          shape === 'json' ? seconds + fraction : new Date(seconds * 1000),
        Keys: { pk: { S: pk } },
        ...(hasNow && { NewImage: now[shape] }),
        ...(hasBefore && { OldImage: before[shape] }),
        SequenceNumber: sequence,
        SizeBytes: 100,
        StreamViewType: view,
      },
    });
    const principal = 'dynamodb.amazonaws.com';
    const hasIdentity = isExpiry && eventName === 'REMOVE';
    return {
      json: {
        ...record('json'),
        eventSourceARN: recordedStreamArn,
        ...(hasIdentity && { userIdentity: { type: 'Service', principalId: principal } }),
      },
      sdk: {
        ...record('sdk'),
        ...(hasIdentity && { userIdentity: { Type: 'Service', PrincipalId: principal } }),
      },
    };
  });

/** Anything at all where a part of a record should be. */
const junk = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true }),
  fc.constantFrom(undefined, null, '', 0, [], {}),
);

/** Records that something was done to: a part is missing, or is anything at all. */
export const brokenRecord: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: junk },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        streamRecord,
        fc.constantFrom(
          ['eventID'],
          ['eventName'],
          ['eventSourceARN'],
          ['awsRegion'],
          ['userIdentity'],
          ['dynamodb'],
          ['dynamodb', 'Keys'],
          ['dynamodb', 'NewImage'],
          ['dynamodb', 'OldImage'],
          ['dynamodb', 'SequenceNumber'],
          ['dynamodb', 'ApproximateCreationDateTime'],
          ['dynamodb', 'NewImage', 'total'],
          ['dynamodb', 'Keys', 'pk'],
        ),
        junk,
      )
      .map(([{ json }, path, value]) => {
        const record = structuredClone(json);
        let parent: Record<string, unknown> | undefined = record;
        for (const key of path.slice(0, -1)) {
          parent = parent?.[key] as Record<string, unknown> | undefined;
        }
        if (parent !== undefined) parent[path.at(-1) as string] = value;
        return record;
      }),
  },
);
