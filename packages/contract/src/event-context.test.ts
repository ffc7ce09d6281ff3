import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import { causedBy, currentContext, withContext } from './event-context.ts';
import { seal } from './sealed-event.ts';
import { activeTraceparent, lambdaTraceHeader } from './trace-context.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
  idempotencyKey: (order) => order.orderId,
});
const make = (options = {}) => OrderPlaced.create({ orderId: '7781' }, options);

describe('withContext', () => {
  it('reaches what is made inside, also after an await', async () => {
    const producer = { service: 'checkout' };
    const made = await withContext({ correlationId: 'c', producer }, async () => {
      await Promise.resolve();
      return withContext({ causationId: 'e' }, () => make());
    });
    expect(made.detail.metadata).toMatchObject({ correlationId: 'c', causationId: 'e', producer });
    expect(make().detail.metadata).not.toHaveProperty('correlationId');
    expect(currentContext()).toEqual({});
  });

  it('gives way to what create is told', () => {
    const made = withContext({ correlationId: 'c' }, () => make({ correlationId: 'd' }));
    expect(made.detail.metadata.correlationId).toBe('d');
  });

  it('keeps handlers that run at the same time apart', async () => {
    const made = await Promise.all(
      ['a', 'b', 'c'].map((correlationId) =>
        withContext({ correlationId }, async () => {
          await new Promise(setImmediate);
          return make().detail.metadata.correlationId;
        }),
      ),
    );
    expect(made).toEqual(['a', 'b', 'c']);
  });
});

describe('causedBy', () => {
  it('continues the operation of the cause', () => {
    const cause = make({ eventId: 'e1', correlationId: 'c' });
    expect(causedBy(cause)).toEqual({ correlationId: 'c', causationId: 'e1' });
    expect(make(causedBy(cause)).detail.metadata).toMatchObject(causedBy(cause));
  });

  it('begins one where the cause has none, also from a delivered event', () => {
    const delivered = { id: 'x', detail: make({ eventId: 'e1' }).detail as unknown };
    expect(causedBy(delivered)).toEqual({ correlationId: 'e1', causationId: 'e1' });
  });

  it.each([[null], [{ detail: {} }]])('refuses %j', (cause) => {
    expect(() => causedBy(cause as never)).toThrow(/causedBy needs an event|detail must be/);
  });
});

describe('activeTraceparent', () => {
  const spanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const inSpan = <T>(run: () => T): T =>
    context.with(trace.setSpan(context.active(), trace.wrapSpanContext(spanContext)), run);

  afterEach(() => {
    context.disable();
  });

  it('is undefined without OpenTelemetry, or without a span', () => {
    expect(activeTraceparent()).toBeUndefined();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    expect(activeTraceparent()).toBeUndefined();
    expect(make().detail.metadata).not.toHaveProperty('traceparent');
  });

  it("is the active span's header, which events carry", () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    expect(inSpan(activeTraceparent)).toBe(traceparent);
    expect(inSpan(() => make()).detail.metadata.traceparent).toBe(traceparent);
    const other = traceparent.replace('01', '00');
    const told = withContext({ traceparent: other }, () => inSpan(() => make()));
    expect(told.detail.metadata.traceparent).toBe(other);
  });

  it('passes over a span that is not valid', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const invalid = trace.wrapSpanContext({ ...spanContext, spanId: '0000000000000000' });
    const header = context.with(trace.setSpan(context.active(), invalid), activeTraceparent);
    expect(header).toBeUndefined();
  });
});

describe('lambdaTraceHeader', () => {
  const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1';
  const host = globalThis as { awslambda?: unknown };

  afterEach(() => {
    delete process.env._X_AMZN_TRACE_ID;
    delete host.awslambda;
  });

  it('is undefined outside of Lambda', () => {
    expect(lambdaTraceHeader()).toBeUndefined();
    expect(seal(make()).traceHeader).toBeUndefined();
  });

  it("is the invocation's, which sealed events carry beside their detail", () => {
    process.env._X_AMZN_TRACE_ID = header;
    expect(lambdaTraceHeader()).toBe(header);
    const sealed = seal(make());
    expect(sealed.traceHeader).toBe(header);
    expect(sealed.detail).not.toContain('Root=1');
    expect(seal(make(), { traceHeader: 'Root=2' }).traceHeader).toBe('Root=2');
  });

  it("comes from the runtime's store where invocations share a process", () => {
    process.env._X_AMZN_TRACE_ID = 'Root=0';
    host.awslambda = { InvokeStore: { getXRayTraceId: () => header } };
    expect(lambdaTraceHeader()).toBe(header);
  });
});
