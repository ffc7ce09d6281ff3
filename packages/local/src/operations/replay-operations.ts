import type { Archive } from '../archive/archive.ts';
import type { Replay } from '../archive/replay.ts';
import type { Estate, Region } from '../estate/estate.ts';
import type { EventBus } from '../estate/event-bus.ts';
import { arn, description, limit, name, nextToken } from '../protocol/field-shapes.ts';
import { list, object, required, text, time } from '../protocol/input-shape.ts';
import { type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { alreadyExists, findBus, invalid, limitExceeded, notFound, splitArn } from './find.ts';

const maxActive = 10;

function isActive({ state }: Replay): boolean {
  return state === 'STARTING' || state === 'RUNNING';
}

/** Start, describe, list and cancel replays. */
export function replayOperations(
  estate: Estate,
  run: (archive: Archive, replay: Replay, bus: EventBus) => void,
): Operations {
  const find = (region: Region, replayName: string): Replay => {
    const replay = region.replays.get(replayName);
    if (replay === undefined) throw notFound(`Replay ${replayName} does not exist.`);
    return replay;
  };
  return {
    // Not remembered across a restart: a replay ends with the process that runs it.
    StartReplay: query(
      {
        ReplayName: required(name),
        Description: description,
        EventSourceArn: required(arn),
        EventStartTime: required(time),
        EventEndTime: required(time),
        Destination: required(object({ Arn: required(arn), FilterArns: list(arn) })),
      },
      (input, caller) => {
        const region = estate.region(caller);
        if (region.replays.has(input.ReplayName)) {
          throw alreadyExists(`Replay ${input.ReplayName} already exists.`);
        }
        const archiveName = input.EventSourceArn.split(':archive/')[1] ?? '';
        const archive = splitArn(estate, input.EventSourceArn)?.region.archives.get(archiveName);
        if (archive === undefined) {
          throw invalid(
            `Parameter EventSourceArn is not valid. Reason: Archive ${archiveName} does not exist.`,
          );
        }
        const bus = findBus(estate, input.Destination.Arn, caller);
        if (input.EventStartTime >= input.EventEndTime) {
          throw invalid(
            'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
          );
        }
        if (input.Destination.Arn !== archive.sourceArn) {
          throw invalid(
            'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
          );
        }
        const active = [...region.replays.values()].filter(isActive);
        if (active.length >= maxActive) throw limitExceeded();
        const replay: Replay = {
          name: input.ReplayName,
          arn: `arn:aws:events:${region.region}:${region.account}:replay/${input.ReplayName}`,
          archiveArn: archive.arn,
          description: input.Description,
          destination: input.Destination,
          startTime: input.EventStartTime * 1000,
          endTime: input.EventEndTime * 1000,
          startedAt: caller.now,
          state: 'STARTING',
          stateReason: undefined,
          lastReplayedTime: undefined,
          endedAt: undefined,
        };
        region.replays.set(replay.name, replay);
        run(archive, replay, bus);
        return {
          ReplayArn: replay.arn,
          State: replay.state,
          ReplayStartTime: replay.startedAt / 1000,
        };
      },
    ),
    DescribeReplay: query({ ReplayName: required(name) }, (input, caller) => {
      const replay = find(estate.region(caller), input.ReplayName);
      return {
        ReplayArn: replay.arn,
        Description: replay.description,
        Destination: replay.destination,
        ...told(replay),
      };
    }),
    ListReplays: query(
      {
        NamePrefix: name,
        State: text({
          values: ['STARTING', 'RUNNING', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
        }),
        EventSourceArn: arn,
        NextToken: nextToken,
        Limit: limit,
      },
      (input, caller) => {
        const all = [...estate.region(caller).replays.values()].filter(
          (replay) =>
            replay.name.startsWith(input.NamePrefix ?? '') &&
            (input.State === undefined || replay.state === input.State) &&
            (input.EventSourceArn === undefined || replay.archiveArn === input.EventSourceArn),
        );
        const { items, next } = page(all, (replay) => replay.name, input);
        return { Replays: items.map(told), ...next };
      },
    ),
    CancelReplay: query({ ReplayName: required(name) }, (input, caller) => {
      const replay = find(estate.region(caller), input.ReplayName);
      if (!isActive(replay)) {
        throw new ServiceError(
          'IllegalStatusException',
          `Replay ${replay.name} is not in a valid state for this operation.`,
        );
      }
      replay.state = 'CANCELLING';
      return { ReplayArn: replay.arn, State: replay.state };
    }),
  };
}

function told(replay: Replay): object {
  const seconds = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : ms / 1000;
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.archiveArn,
    State: replay.state,
    StateReason: replay.stateReason,
    EventStartTime: seconds(replay.startTime),
    EventEndTime: seconds(replay.endTime),
    EventLastReplayedTime: seconds(replay.lastReplayedTime),
    ReplayStartTime: seconds(replay.startedAt),
    ReplayEndTime: seconds(replay.endedAt),
  };
}
