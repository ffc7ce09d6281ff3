import { S3Client } from '@aws-sdk/client-s3';
import { claimCheckResolver, defineEvent } from '@tidings/contract';
import { startLocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { type S3ClaimCheckOptions, s3ClaimCheck, s3ClaimCheckFetch } from '@tidings/publisher/s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ObjectStore, objectStore } from '../support/object-store.ts';

const ReportFiled = defineEvent({
  source: 'com.acme.reports',
  detailType: 'ReportFiled',
  version: '1.0',
  data: z.object({ reportId: z.string(), region: z.string(), rows: z.array(z.string()) }),
  idempotencyKey: (report) => `report-${report.reportId}`,
});
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const region = 'eu-west-1';
const large = { reportId: 'r1', region: 'emea', rows: ['x'.repeat(30_000), 'é'.repeat(10)] };

describe('claim checks in S3', () => {
  let bus: Awaited<ReturnType<typeof startLocalBus>>;
  let store: ObjectStore;
  let client: S3Client;
  beforeAll(async () => {
    bus = await startLocalBus({ buses: ['reports'] });
    store = await objectStore();
    client = new S3Client({
      region,
      endpoint: store.url,
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
    });
  });
  afterAll(async () => {
    client.destroy();
    await store[Symbol.asyncDispose]();
    await bus.stop();
  });
  beforeEach(async () => {
    bus.reset();
    store.objects.clear();
  });

  function publisherWith(options: Partial<S3ClaimCheckOptions> = {}) {
    return eventBridgePublisher({
      eventBusName: 'reports',
      region,
      endpoint: bus.url,
      credentials,
      maxRequestBytes: 20_000,
      backoff: { baseMs: 1, capMs: 2 },
      throttledBackoff: { baseMs: 1, capMs: 2 },
      oversize: s3ClaimCheck({ bucket: 'claims', client, ...options }),
    });
  }
  const resolve = {
    claimCheck: claimCheckResolver((reference) =>
      s3ClaimCheckFetch({ bucket: 'claims', client })(reference),
    ),
  };

  it('puts the whole data into the bucket, and parse brings it back', async () => {
    const event = ReportFiled.create(large);
    await publisherWith().publish(event);
    const detail: typeof event.detail = JSON.parse(bus.events[0]?.detail ?? '');
    expect(detail.metadata).toMatchObject({
      claimCheck: [''],
      eventId: event.detail.metadata.eventId,
    });
    expect(detail.data).toEqual({
      bucket: 'claims',
      key: expect.stringMatching(/^tidings\/.+\/[0-9a-f]{64}\.json$/),
      bytes: Buffer.byteLength(JSON.stringify(large)),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const raw = { ...event, detail };
    expect((await ReportFiled.parse(raw, resolve)).detail.data).toEqual(large);
  });

  it('puts only the named paths there, so that rules still see the rest', async () => {
    const event = ReportFiled.create(large);
    await publisherWith({ paths: ['/rows', '/absent'] }).publish(event);
    const detail: typeof event.detail = JSON.parse(bus.events[0]?.detail ?? '');
    expect(detail.metadata.claimCheck).toEqual(['/rows']);
    expect(detail.data).toMatchObject({
      reportId: 'r1',
      region: 'emea',
      rows: { bucket: 'claims' },
    });
    expect((await ReportFiled.parse({ ...event, detail }, resolve)).detail.data).toEqual(large);
  });

  it('leaves events alone that fit', async () => {
    await publisherWith().publish(ReportFiled.create({ ...large, rows: [] }));
    expect(store.objects.size).toBe(0);
  });

  it('rejects an event that is too large even without the named paths', async () => {
    const [outcome] = await publisherWith({ paths: ['/region'] }).publishSettled(
      ReportFiled.create(large),
    );
    expect(outcome).toMatchObject({ status: 'rejected', code: 'EventTooLarge', attempts: 0 });
    expect(bus.events).toHaveLength(0);
  });

  it('tries again after a failure of S3 that passes', async () => {
    store.failures.push({ status: 503, code: 'SlowDown' }, { status: 500, code: 'InternalError' });
    await publisherWith().publish(ReportFiled.create(large));
    expect(store.objects.size).toBe(1);
  });

  it('gives the event back where the bucket does not let it in', async () => {
    store.failures.push({ status: 403, code: 'AccessDenied' });
    const [outcome] = await publisherWith().publishSettled(ReportFiled.create(large));
    expect(outcome).toMatchObject({
      status: 'undelivered',
      code: 'AccessDenied',
      possiblyAccepted: false,
      message: expect.stringContaining('s3://claims'),
    });
  });

  it('rewrites no number: it refuses the event instead', async () => {
    const sealed = {
      source: 'com.acme.reports',
      detailType: 'ReportFiled',
      time: new Date('2026-06-07T02:00:00.123Z'),
      resources: [],
      detail: `{"metadata":{"eventId":"e1","version":"1.0","idempotencyKey":"k1","occurredAt":"2026-06-07T02:00:00.123Z"},"data":{"id":12345678901234567890,"pad":"${'x'.repeat(30_000)}"}}`,
      eventId: 'e1',
      idempotencyKey: 'k1',
      orderingKey: undefined,
      traceHeader: undefined,
    };
    const [outcome] = await publisherWith().publishSettled(sealed);
    expect(outcome).toMatchObject({
      status: 'rejected',
      message: expect.stringMatching(/as strings/),
    });
    expect(store.objects.size).toBe(0);
  });

  it('puts one text of 20 MB into the bucket, and brings it back', async () => {
    const event = ReportFiled.create({ ...large, rows: ['"é\\'.repeat(5_000_000)] });
    await publisherWith({ paths: ['/rows'] }).publish(event);
    const detail: typeof event.detail = JSON.parse(bus.events[0]?.detail ?? '');
    const parsed = await ReportFiled.parse({ ...event, detail }, resolve);
    expect(parsed.detail.data.rows[0] === event.detail.data.rows[0]).toBe(true);
  });

  it('writes under its prefix whatever the id of an event is', async () => {
    const event = ReportFiled.create(large, { eventId: '../../secret' } as never);
    await publisherWith().publish(event);
    for (const key of store.objects.keys()) expect(key).toMatch(/tidings\/[\w-]+\/[0-9a-f]{64}/);
  });

  it.each([
    ['another bucket', { bucket: 'secrets' }, /in another bucket than is allowed/],
    ['another prefix', { key: 'payroll/2026.json' }, /not under "tidings\/"/],
    ['a way out of the prefix', { key: 'tidings/../payroll.json' }, /not under "tidings\/"/],
    ['more bytes than are allowed', { bytes: 2 ** 40 }, /1099511627776 bytes and maxBytes is/],
    ['fewer bytes than there are', { bytes: 5 }, /has \d+ bytes, and the event names 5/],
  ])('fetches nothing where an event names %s', async (_, named, sentence) => {
    const event = ReportFiled.create(large);
    await publisherWith().publish(event);
    const detail = JSON.parse(bus.events[0]?.detail ?? '');
    const forged = { ...event, detail: { ...detail, data: { ...detail.data, ...named } } };
    const requests = store.requests.length;
    await expect(ReportFiled.parse(forged, resolve)).rejects.toThrow(sentence);
    if (!('bytes' in named)) expect(store.requests).toHaveLength(requests);
  });

  it.each([
    [{}, 'bucket must be the name of a bucket'],
    [
      { bucket: 'claims', path: ['/rows'] },
      's3ClaimCheck has no option "path"; did you mean paths',
    ],
    [
      { bucket: 'claims', paths: ['rows'] },
      'paths must be JSON Pointers, such as /items; got "rows"',
    ],
    [{ bucket: 'claims', timeoutMs: 3e9 }, 'timeoutMs must be 1 to 2147483647, got 3000000000'],
  ])('refuses the options %o', (options, sentence) => {
    expect(() => s3ClaimCheck(options as never)).toThrow(sentence);
  });

  it.each([
    [new S3Client({ region, credentials }), 's3ClaimCheckFetch has no option'],
    [{ bucket: [] }, 'bucket must be the name of a bucket, or a list of names'],
    [undefined, 's3ClaimCheckFetch must be an object, got undefined'],
  ])('refuses to fetch with the options %o', (options, sentence) => {
    expect(() => s3ClaimCheckFetch(options as never)).toThrow(sentence);
  });

  it('keeps the order of a lane while an event is on its way to S3', async () => {
    const publisher = eventBridgePublisher({
      eventBusName: 'reports',
      region,
      endpoint: bus.url,
      credentials,
      maxRequestBytes: 20_000,
      ordering: 'key',
      oversize: s3ClaimCheck({ bucket: 'claims', client }),
    });
    const options = { orderingKey: 'emea' };
    await publisher.publish([
      ReportFiled.create(large, options),
      ReportFiled.create({ ...large, reportId: 'r2', rows: [] }, options),
    ]);
    const claimChecks = bus.events.map(({ detail }) => JSON.parse(detail).metadata.claimCheck);
    expect(claimChecks).toEqual([[''], undefined]);
  });
});
