import { fillTemplate } from '../delivery/input-template.ts';
import { jsonPath } from '../delivery/json-path.ts';
import type { PutEventsEntry } from '../protocol/put-events-entry.ts';
import type { PipeTarget } from './pipe-options.ts';

/** What an event bus takes from a pipe in one call. */
const maxPayloads = 10;
const maxAnswerBytes = 6 * 1024 * 1024;

/** The entries of one PutEvents. */
export interface PipeEntries {
  readonly entries: readonly PutEventsEntry[];
  /** `eventID` of each entry's payload, by which its record is known. */
  readonly recordIds: readonly (string | undefined)[];
}

/**
 * What an enrichment's answer becomes: the entries of one PutEvents, none where nothing
 * is to be sent.
 * @throws Error where the service would not invoke the target, so that the batch fails.
 */
export function pipeEntries(answer: unknown, target: PipeTarget): PipeEntries {
  const text = JSON.stringify(answer ?? '');
  if (text === '""' || text === '{}' || text === '[]') return { entries: [], recordIds: [] };
  if (Buffer.byteLength(text) > maxAnswerBytes) {
    throw new Error('The enrichment answered more than 6 MB.');
  }
  // What the enrichment returns travels as JSON.
  const payloads = [JSON.parse(text) as unknown].flat();
  if (payloads.length > maxPayloads) {
    throw new Error(
      `The enrichment answered ${payloads.length} payloads; an event bus takes ${maxPayloads}.`,
    );
  }
  return {
    entries: payloads.map((payload) => entryOf(JSON.stringify(payload), target)),
    recordIds: payloads.map((payload) => {
      const id = (payload as { readonly eventID?: unknown } | null)?.eventID;
      return typeof id === 'string' ? id : undefined;
    }),
  };
}

/** @param payload JSON text. */
function entryOf(payload: string, target: PipeTarget): PutEventsEntry {
  const found = target.time === undefined ? undefined : jsonPath(target.time, payload);
  const time: unknown = found === undefined ? undefined : JSON.parse(found);
  const seconds =
    time === undefined || time === null
      ? undefined
      : (typeof time === 'number' ? time * 1000 : Date.parse(String(time))) / 1000;
  if (seconds !== undefined && Number.isNaN(seconds)) {
    throw new Error(`${target.time} is not a time: ${JSON.stringify(time)}.`);
  }
  return {
    EventBusName: target.eventBusName ?? 'default',
    Source: textAt(target.source, payload),
    DetailType: textAt(target.detailType, payload),
    Detail:
      target.inputTemplate === undefined
        ? payload
        : fillTemplate(target.inputTemplate, (path) =>
            path.startsWith('$') ? jsonPath(path, payload) : undefined,
          ),
    Resources: (target.resources ?? []).map((resource) => textAt(resource, payload)),
    ...(seconds === undefined ? {} : { Time: seconds }),
  };
}

function textAt(literalOrPath: string, payload: string): string {
  if (!literalOrPath.startsWith('$')) return literalOrPath;
  const value = jsonPath(literalOrPath, payload);
  return value?.startsWith('"') ? (JSON.parse(value) as string) : (value ?? '');
}
