import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';

/**
 * The moving of a dead-letter queue's messages to where they came from, or elsewhere:
 *
 *     RUNNING -> COMPLETED | CANCELLED | FAILED
 */
export interface MoveTask {
  readonly id: string;
  readonly sourceArn: string;
  /** Undefined where each message goes back to its own queue. */
  readonly destinationArn: string | undefined;
  readonly perSecond: number | undefined;
  readonly startedAt: number;
  readonly toMove: number;
  readonly moved: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly failureReason: string | undefined;
}

/** Moves messages of dead-letter queues, and remembers the tasks. */
export interface MoveTasks {
  /** Moves all at once where there is no limit per second. */
  start(source: Queue, destination: Queue | undefined, perSecond: number | undefined): MoveTask;
  /** Tasks of a queue, the latest first. */
  of(source: Queue): readonly MoveTask[];
  cancel(task: MoveTask): void;
}

type OpenTask = { -readonly [K in keyof MoveTask]: MoveTask[K] };

export function createMoveTasks(queues: Queues, clock: Clock): MoveTasks {
  const tasks = new WeakMap<Queue, OpenTask[]>();

  const moveNext = (task: OpenTask, source: Queue): void => {
    const message = source.messages().find((each) => !source.isHidden(each));
    if (message === undefined) {
      task.status = 'COMPLETED';
      return;
    }
    const arn = task.destinationArn ?? message.deadLetteredFrom;
    const to = arn === undefined ? undefined : queues.byArn(arn);
    if (to === undefined) {
      task.status = 'FAILED';
      task.failureReason =
        arn === undefined
          ? 'CouldNotDetermineMessageSource'
          : 'AWS.SimpleQueueService.NonExistentQueue';
      return;
    }
    source.take(message);
    to.put(anew(message, clock.now()));
    task.moved += 1;
    if (task.moved === task.toMove) task.status = 'COMPLETED';
  };

  return {
    start(source, destination, perSecond) {
      const visible = source.messages().filter((each) => !source.isHidden(each));
      const task: OpenTask = {
        id: randomUUID(),
        sourceArn: source.arn,
        destinationArn: destination?.arn,
        perSecond,
        startedAt: clock.now(),
        toMove: visible.length,
        moved: 0,
        status: 'RUNNING',
        failureReason: undefined,
      };
      tasks.set(source, [task, ...(tasks.get(source) ?? [])]);
      const step = (): void => {
        while (task.status === 'RUNNING') {
          moveNext(task, source);
          if (perSecond === undefined || task.status !== 'RUNNING') continue;
          clock.after(1000 / perSecond, step);
          return;
        }
      };
      step();
      return task;
    },
    of: (source) => tasks.get(source) ?? [],
    cancel(task) {
      (task as OpenTask).status = 'CANCELLED';
    },
  };
}

/** A message that is moved back counts as a new one. */
function anew(message: Message, now: number): Message {
  return {
    ...message,
    id: randomUUID(),
    sentAt: now,
    visibleAt: now,
    receiveCount: 0,
    receivesHere: 0,
    firstReceivedAt: undefined,
    lastReceivedAt: undefined,
    receiptHandle: undefined,
    oldHandles: [],
    deadLetteredFrom: undefined,
  };
}
