// OpenTelemetry's API keeps its one instance under a global symbol, so that any number of
// copies share it. Reading it there needs no import: a bundle without OpenTelemetry carries
// nothing of it, and one with it works whether it came as ESM or CommonJS. The tests hold
// this to the real package.
const otelApi = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

interface OtelGlobals {
  readonly context?: {
    active(): {
      getValue(key: symbol): { spanContext?(): SpanContext } | undefined;
    };
  };
}

const noTrace = /^0*$/;

/** W3C header of OpenTelemetry's active span; undefined without one, or without an SDK. */
export function activeTraceparent(): string | undefined {
  const api = (globalThis as { [otelApi]?: OtelGlobals })[otelApi];
  const span = api?.context?.active().getValue(spanKey)?.spanContext?.();
  if (span === undefined || noTrace.test(span.traceId) || noTrace.test(span.spanId)) {
    return undefined;
  }
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

interface LambdaGlobals {
  readonly awslambda?: { readonly InvokeStore?: { getXRayTraceId?(): string | undefined } };
}

/**
 * X-Ray trace header of the Lambda invocation that runs: from the runtime's invocation
 * store where several invocations share a process, else from `_X_AMZN_TRACE_ID`. Undefined
 * outside of Lambda.
 */
export function lambdaTraceHeader(): string | undefined {
  const { awslambda } = globalThis as LambdaGlobals;
  const header = awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID;
  return header === '' ? undefined : header;
}
