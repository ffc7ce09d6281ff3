import { randomUUID } from 'node:crypto';
import type { NewEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import { parseSchedule, type Schedule } from './schedule-expression.ts';

/** Sends an event by each enabled rule with a schedule when its time has come. */
export interface Scheduler {
  /** To be called when rules of the bus came, went or changed. */
  rulesChanged(bus: EventBus): void;
}

/** A schedule that runs. */
interface RunningSchedule {
  readonly expression: string;
  readonly cancel: () => void;
}

export function createScheduler(ports: {
  readonly clock: Clock;
  readonly send: (event: NewEvent, rule: Rule) => void;
}): Scheduler {
  const { clock } = ports;
  const running = new Map<EventBus, Map<string, RunningSchedule>>();

  /** @returns What ends it. */
  const run = (bus: EventBus, ruleName: string, schedule: Schedule): (() => void) => {
    let cancelTimer = (): void => {};
    const waitFor = (at: number | undefined): void => {
      if (at === undefined) return;
      cancelTimer = clock.after(at - clock.now(), () => arrived(at));
    };
    const arrived = (at: number): void => {
      if (at > clock.now()) {
        waitFor(at);
        return;
      }
      const rule = bus.rules.get(ruleName);
      if (rule !== undefined) ports.send(scheduledEvent(bus, rule, at), rule);
      // What a machine slept through is left out, as a schedule is no queue.
      let next = schedule.next(at);
      while (next !== undefined && next <= clock.now()) next = schedule.next(next);
      waitFor(next);
    };
    waitFor(schedule.next(clock.now()));
    return () => cancelTimer();
  };

  return {
    rulesChanged(bus) {
      const before = running.get(bus) ?? new Map<string, RunningSchedule>();
      const after = new Map<string, RunningSchedule>();
      for (const { name, state, scheduleExpression: expression } of bus.rules.values()) {
        if (expression === undefined || state === 'DISABLED') continue;
        const known = before.get(name);
        if (known?.expression === expression) {
          after.set(name, known);
          before.delete(name);
          continue;
        }
        const schedule = parseSchedule(expression);
        if (schedule === undefined) continue;
        after.set(name, { expression, cancel: run(bus, name, schedule) });
      }
      for (const { cancel } of before.values()) cancel();
      running.set(bus, after);
    },
  };
}

function scheduledEvent(bus: EventBus, rule: Rule, at: number): NewEvent {
  return {
    id: randomUUID(),
    bus: bus.name,
    busArn: bus.arn,
    account: bus.account,
    region: bus.region,
    source: 'aws.events',
    detailType: 'Scheduled Event',
    time: at,
    resources: [rule.arn],
    detail: '{}',
    eventId: undefined,
    idempotencyKey: undefined,
    acceptedAt: at,
    requestSeq: 0,
    entryIndex: 0,
    replayName: undefined,
    forwardedBy: undefined,
    traceHeader: undefined,
  };
}
