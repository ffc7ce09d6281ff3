import { again, type NewEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import { type Archive, keptEvents } from './archive.ts';
import type { Replay } from './replay.ts';
import { inReplayOrder, type ReplayOrder } from './replay-order.ts';

const batchSize = 100;
/** The service needs minutes; a client that asks or cancels at once finds the replay active. */
const startMs = 500;

/**
 * Sends the archived events of the replay's time window to the bus again, in batches,
 * each in a turn of its own:
 *
 *     STARTING -> RUNNING -> COMPLETED | FAILED
 *     STARTING | RUNNING -> CANCELLING -> CANCELLED
 *
 * They keep their ids and carry the replay's name.
 */
export function runReplay(
  ports: {
    readonly clock: Clock;
    /** After how many events a fault ends it. */
    readonly interruptAfter: number | undefined;
    readonly order: ReplayOrder;
    readonly random: () => number;
    readonly accept: (fields: NewEvent, onlyRules: ReadonlySet<string> | undefined) => void;
  },
  archive: Archive,
  replay: Replay,
): void {
  const { clock } = ports;
  const now = clock.now();
  const { FilterArns: filter } = replay.destination;
  const onlyRules = filter === undefined || filter.length === 0 ? undefined : new Set(filter);
  const inWindow = keptEvents(archive, now)
    .filter(
      ({ event, visibleAt }) =>
        visibleAt <= now && event.time >= replay.startTime && event.time < replay.endTime,
    )
    .map(({ event }) => event);
  const events = inReplayOrder(inWindow, replay.startTime, ports.order, ports.random);
  let sentCount = 0;
  const end = (state: Replay['state'], reason?: string): void => {
    replay.state = state;
    replay.stateReason = reason;
    replay.endedAt = clock.now();
  };
  const sendBatch = (): 'interrupted' | 'sent' => {
    for (const event of events.slice(sentCount, sentCount + batchSize)) {
      if (sentCount === ports.interruptAfter) return 'interrupted';
      const sent = again(event, { acceptedAt: clock.now(), replayName: replay.name });
      ports.accept(sent, onlyRules);
      sentCount += 1;
      replay.lastReplayedTime = Math.max(replay.lastReplayedTime ?? 0, event.time);
    }
    return 'sent';
  };
  const next = (): void => {
    if (replay.state === 'CANCELLING') end('CANCELLED');
    else {
      replay.state = 'RUNNING';
      if (sendBatch() === 'interrupted') {
        end('FAILED', `A fault interrupted the replay after ${sentCount} events.`);
      } else if (sentCount >= events.length) end('COMPLETED');
      else clock.after(1, next);
    }
  };
  clock.after(startMs, next);
}
