import { AcceptedEvent } from '../accepted-event.ts';
import type { Estate } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import type { EventJournal } from '../journal/event-journal.ts';
import type { Message } from '../sqs/message.ts';
import type { Queue } from '../sqs/queue.ts';
import type { Deliverer } from './deliverer.ts';
import { objectMembers } from './json-path.ts';

/** What became of the messages of a dead-letter queue. */
export interface RedriveReport {
  /** Events that go to the target that did not get them. */
  readonly redelivered: number;
  /** Messages whose rule or target is gone, or that hold no event: they stay. */
  readonly left: number;
}

export interface RedrivePorts {
  readonly estate: Estate;
  readonly events: EventJournal;
  readonly deliverer: Deliverer;
  readonly now: () => number;
}

/** Whether a message is an event that a target did not get. */
export function isDeadLetter(message: Message): boolean {
  return nameIn(message, 'RULE_ARN') !== undefined && nameIn(message, 'TARGET_ARN') !== undefined;
}

/**
 * Delivers the events of a dead-letter queue again, each by the rule and to the target that
 * its attributes name, and takes them out. What fails again comes back by the retry policy.
 */
export function redriveDeadLetters(ports: RedrivePorts, queue: Queue): RedriveReport {
  let redelivered = 0;
  let left = 0;
  for (const message of queue.messages().filter(isDeadLetter)) {
    if (queue.isHidden(message)) continue;
    const route = routeOf(ports.estate, message);
    const event = route === undefined ? undefined : eventOf(ports, route.bus, message.body);
    if (route === undefined || event === undefined) {
      left += 1;
      continue;
    }
    queue.take(message);
    ports.deliverer.deliver(event, route.rule, route.target);
    redelivered += 1;
  }
  return { redelivered, left };
}

interface Route {
  readonly bus: EventBus;
  readonly rule: Rule;
  readonly target: Target;
}

function routeOf(estate: Estate, message: Message): Route | undefined {
  const ruleArn = nameIn(message, 'RULE_ARN');
  const targetArn = nameIn(message, 'TARGET_ARN');
  for (const region of estate.regions()) {
    for (const bus of region.buses.values()) {
      const rule = [...bus.rules.values()].find(({ arn }) => arn === ruleArn);
      const target = [...(rule?.targets.values() ?? [])].find(({ Arn }) => Arn === targetArn);
      if (rule !== undefined && target !== undefined) return { bus, rule, target };
    }
  }
  return undefined;
}

/** The event as it was accepted; read from the message where the journal has it no more. */
function eventOf(
  { events, now }: RedrivePorts,
  bus: EventBus,
  body: string,
): AcceptedEvent | undefined {
  const members = objectMembers(body);
  const detail = members?.get('detail');
  if (members === undefined || detail === undefined) return undefined;
  const read = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof read[name] === 'string' ? read[name] : '');
  const known = events.events.findLast(
    (event) => event.id === read.id && event.busArn === bus.arn && event.text === body,
  );
  // Its age counts anew, or an old one would not be tried again.
  if (known !== undefined) return new AcceptedEvent({ ...known, acceptedAt: now() }, known.seq);
  const time = Date.parse(text('time'));
  const replay = text('replay-name');
  return new AcceptedEvent(
    {
      id: text('id'),
      bus: bus.name,
      busArn: bus.arn,
      account: text('account'),
      region: text('region'),
      source: text('source'),
      detailType: text('detail-type'),
      time: Number.isNaN(time) ? 0 : time,
      resources: Array.isArray(read.resources) ? read.resources.map(String) : [],
      detail,
      eventId: undefined,
      idempotencyKey: undefined,
      acceptedAt: now(),
      requestSeq: 0,
      entryIndex: 0,
      replayName: replay === '' ? undefined : replay,
      forwardedBy: undefined,
      traceHeader: undefined,
    },
    0,
  );
}

function nameIn(message: Message, attribute: string): string | undefined {
  return message.attributes[attribute]?.StringValue;
}
