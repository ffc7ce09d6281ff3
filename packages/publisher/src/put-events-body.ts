import type { Entry } from './entry.ts';

/**
 * The entry as PutEvents takes it, written once: an entry that is sent again is not
 * serialised again.
 */
export function entryJson(entry: Entry): string {
  entry.json ??= write(entry);
  return entry.json;
}

function write({ event, eventBusName }: Entry): string {
  const resources = event.resources.length === 0 ? '[]' : JSON.stringify(event.resources);
  const trace =
    event.traceHeader === undefined ? '' : `,"TraceHeader":${JSON.stringify(event.traceHeader)}`;
  // Epoch seconds with a fraction, as AWS JSON 1.1 has it.
  return `{"Time":${event.time.getTime() / 1000},"Source":${JSON.stringify(event.source)},"Resources":${resources},"DetailType":${JSON.stringify(event.detailType)},"Detail":${JSON.stringify(event.detail)},"EventBusName":${JSON.stringify(eventBusName)}${trace}}`;
}

/** Body of a PutEvents request. */
export function putEventsBody(entries: readonly Entry[], endpointId: string | undefined): string {
  let list = '';
  for (const entry of entries) list += list === '' ? entryJson(entry) : `,${entryJson(entry)}`;
  const endpoint = endpointId === undefined ? '' : `,"EndpointId":${JSON.stringify(endpointId)}`;
  return `{"Entries":[${list}]${endpoint}}`;
}
