import type { Entry } from './entry.ts';

function wireEntry({ event, eventBusName }: Entry): object {
  return {
    // Epoch seconds with a fraction, as AWS JSON 1.1 has it.
    Time: event.time.getTime() / 1000,
    Source: event.source,
    Resources: event.resources,
    DetailType: event.detailType,
    Detail: event.detail,
    EventBusName: eventBusName,
    TraceHeader: event.traceHeader,
  };
}

/** Body of a PutEvents request. */
export function putEventsBody(entries: readonly Entry[], endpointId: string | undefined): string {
  return JSON.stringify({ Entries: entries.map(wireEntry), EndpointId: endpointId });
}
