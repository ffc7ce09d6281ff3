import { compileOrRefuse } from '../protocol/compile-or-refuse.ts';
import { eventPattern } from '../protocol/field-shapes.ts';
import { required, text } from '../protocol/input-shape.ts';
import { type Operations, query } from '../protocol/operation.ts';
import { invalid } from './find.ts';

const fields = ['id', 'account', 'source', 'time', 'region', 'detail-type'];

/** Tries a pattern on an event, without any rule. */
export const testEventPattern: Operations = {
  TestEventPattern: query(
    { EventPattern: required(eventPattern), Event: required(text()) },
    (input) => {
      const compiled = compileOrRefuse(input.EventPattern);
      checkEvent(input.Event);
      return { Result: compiled.matches(input.Event) };
    },
  ),
};

/** The service refuses an event that lacks what every event has. */
function checkEvent(text: string): void {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw invalid('Parameter Event is not valid.');
  }
  const isEvent =
    typeof event === 'object' &&
    event !== null &&
    fields.every((field) => Object.hasOwn(event, field));
  if (!isEvent) throw invalid('Parameter Event is not valid.');
}
