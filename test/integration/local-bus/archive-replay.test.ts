import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListEventBusesCommand,
  ListRulesCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';

const busArn = 'arn:aws:events:eu-west-1:000000000000:event-bus/default';
const archiveArn = 'arn:aws:events:eu-west-1:000000000000:archive/a';
const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:f';

let clock = manualClock();
let on: BusFixture;
beforeEach(async () => {
  clock = manualClock();
  on = await busFixture({ clock });
});
afterEach(() => on.end());

const archive = (more: { EventPattern?: string; RetentionDays?: number } = {}) =>
  on.events.send(new CreateArchiveCommand({ ArchiveName: 'a', EventSourceArn: busArn, ...more }));
const describeArchive = () => on.events.send(new DescribeArchiveCommand({ ArchiveName: 'a' }));
const start = (
  ReplayName: string,
  from = clock.now() - 3_600_000,
  to = clock.now() + 1,
  FilterArns?: string[],
) =>
  on.events.send(
    new StartReplayCommand({
      ReplayName,
      EventSourceArn: archiveArn,
      EventStartTime: new Date(from),
      EventEndTime: new Date(to),
      Destination: { Arn: busArn, ...(FilterArns && { FilterArns }) },
    }),
  );
const describeReplay = (ReplayName: string) =>
  on.events.send(new DescribeReplayCommand({ ReplayName }));
const numbers = () =>
  on.bus.events
    .filter((event) => event.replayName !== undefined)
    .map((event) => JSON.parse(event.detail).n);

describe('archive', () => {
  test('keeps what matches its pattern, counts it, forgets it after the retention', async () => {
    await archive({ EventPattern: '{"detail":{"n":[{"numeric":[">",1]}]}}', RetentionDays: 2 });
    await on.put({ n: 1 }, { n: 2 });
    await clock.advance(86_400_000);
    await on.put({ n: 3 });
    expect(await describeArchive()).toMatchObject({ EventCount: 2, SizeBytes: 106 });
    await clock.advance(1.5 * 86_400_000);
    expect(await describeArchive()).toMatchObject({ EventCount: 1 });
    await on.events.send(new UpdateArchiveCommand({ ArchiveName: 'a', EventPattern: '{"x":[1]}' }));
    await on.put({ n: 4 });
    expect(await describeArchive()).toMatchObject({ EventCount: 1 });
  });
});

describe('replay', () => {
  test('sends the window again, marked, under the same ids, and archives nothing twice', async () => {
    await archive();
    await on.put({ n: 1 });
    await clock.advance(60_000);
    const from = clock.now();
    await on.put({ n: 2 }, { n: 3 });
    await clock.advance(60_000);
    const to = clock.now();
    await on.put({ n: 4 });
    await start('again', from, to);
    await clock.advance(499);
    expect((await describeReplay('again')).State).toBe('STARTING');
    await clock.advance(500);
    expect(await describeReplay('again')).toMatchObject({
      State: 'COMPLETED',
      EventLastReplayedTime: new Date(from),
    });
    expect(numbers().toSorted()).toEqual([2, 3]);
    const [, second] = on.bus.events;
    const replayed = on.bus.events.find((event) => event.seq > 4 && event.id === second?.id);
    expect(replayed?.envelope).toEqual({ ...second?.envelope, 'replay-name': 'again' });
    expect(await describeArchive()).toMatchObject({ EventCount: 4 });
  });

  test('rules match replayed events, and FilterArns chooses rules', async () => {
    await archive();
    const got: string[] = [];
    on.bus.handle(lambda, (event, { rule }) => got.push(`${rule} ${event['replay-name']}`));
    await on.rule('r1', { Id: 't', Arn: lambda });
    await on.rule('r2', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    await start('all');
    await clock.advance(600);
    await start('one', undefined, undefined, ['arn:aws:events:eu-west-1:000000000000:rule/r2']);
    await clock.advance(600);
    await on.bus.settled();
    expect(got).toEqual(['r1 undefined', 'r2 undefined', 'r1 all', 'r2 all', 'r2 one']);
  });

  test('can be cancelled on its way', async () => {
    await archive();
    for (let n = 0; n < 30; n += 1) {
      await on.put(...Array.from({ length: 10 }, (_, k) => ({ n: n * 10 + k })));
    }
    await start('again');
    await clock.advance(500);
    expect((await describeReplay('again')).State).toBe('RUNNING');
    expect((await on.events.send(new CancelReplayCommand({ ReplayName: 'again' }))).State).toBe(
      'CANCELLING',
    );
    await clock.advance(600);
    expect((await describeReplay('again')).State).toBe('CANCELLED');
    expect(numbers()).toHaveLength(100);
  });

  test('ends with the bus', async () => {
    await archive();
    await on.put({ n: 1 });
    await start('again');
    await on.bus.stop();
    await clock.advance(600);
    expect(numbers()).toEqual([]);
  });

  test('can be cancelled before it sends', async () => {
    await archive();
    await on.put({ n: 1 });
    await start('again');
    const { State } = await on.events.send(new CancelReplayCommand({ ReplayName: 'again' }));
    expect(State).toBe('CANCELLING');
    await clock.advance(500);
    expect((await describeReplay('again')).State).toBe('CANCELLED');
    expect(numbers()).toEqual([]);
  });

  const twelveInTwoMinutes = async () => {
    await archive();
    const six = (from: number) => Array.from({ length: 6 }, (_, k) => ({ n: from + k }));
    await on.put(...six(0));
    await clock.advance(60_000);
    await on.put(...six(6));
    await start('again', clock.now() - 60_000);
    await clock.advance(500);
    return numbers();
  };

  test('goes minute after minute, and within one in an order that the seed decides', async () => {
    const first = await twelveInTwoMinutes();
    expect(first.slice(0, 6).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(first).not.toEqual(first.toSorted((a, b) => a - b));
    await on.end();
    on = await busFixture({ clock });
    expect(await twelveInTwoMinutes()).toEqual(first);
    await on.end();
    on = await busFixture({ clock, seed: 2 });
    expect(await twelveInTwoMinutes()).not.toEqual(first);
  });

  test('goes in the order of acceptance where that was chosen', async () => {
    await on.end();
    on = await busFixture({ clock, replayOrder: 'accepted' });
    expect(await twelveInTwoMinutes()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('a fault interrupts it half way', async () => {
    await archive();
    await on.put({ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 });
    on.bus.setFaults([{ action: { type: 'replay-interrupt', afterEvents: 2 } }]);
    await start('again');
    await clock.advance(600);
    expect(await describeReplay('again')).toMatchObject({
      State: 'FAILED',
      StateReason: 'A fault interrupted the replay after 2 events.',
    });
    expect(numbers()).toHaveLength(2);
  });

  test('a fault lets the archive lag', async () => {
    await archive();
    on.bus.setFaults([{ action: { type: 'archive-lag', ms: 600_000 } }]);
    await on.put({ n: 1 });
    await start('early');
    await clock.advance(600_000);
    expect(numbers()).toEqual([]);
    await start('late');
    await clock.advance(600);
    expect(numbers()).toEqual([1]);
  });
});

describe('a bus with a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-bus-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const restart = async () => {
    await on.end();
    on = await busFixture({ clock, data: folder });
  };

  test('remembers buses, rules, targets and archives across a restart', async () => {
    await restart();
    await on.events.send(new CreateEventBusCommand({ Name: 'orders' }));
    await archive({ RetentionDays: 1 });
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await clock.advance(2 * 86_400_000);
    await on.put({ n: 2 });
    await restart();
    const { EventBuses } = await on.events.send(new ListEventBusesCommand({}));
    expect(EventBuses?.map((bus) => bus.Name)).toEqual(['default', 'orders']);
    expect((await on.events.send(new ListRulesCommand({ NamePrefix: 'r' }))).Rules).toHaveLength(1);
    expect(await describeArchive()).toMatchObject({ EventCount: 1, RetentionDays: 1 });
    on.bus.handle(lambda, () => {});
    await start('again');
    await clock.advance(600);
    await on.bus.settled();
    expect(numbers()).toEqual([2]);
    expect(on.bus.deliveries).toMatchObject([{ rule: 'r', state: 'delivered' }]);
  });

  test('what a rules file declares comes from the file, what its archive holds from the folder', async () => {
    await restart();
    const rules = { buses: ['orders'], archives: [{ name: 'a' }], rules: [] };
    on.bus.applyRules(rules);
    await on.put({ n: 1 });
    await on.events.send(new CreateEventBusCommand({ Name: 'mine' }));
    await restart();
    const buses = async () =>
      (await on.events.send(new ListEventBusesCommand({}))).EventBuses?.map((bus) => bus.Name);
    expect(await buses()).toEqual(['default', 'mine']);
    on.bus.applyRules(rules);
    expect(await buses()).toEqual(['default', 'mine', 'orders']);
    expect(await describeArchive()).toMatchObject({ EventCount: 1 });
    // A bus that an option makes now was made by a client before.
    await on.end();
    on = await busFixture({ clock, data: folder, buses: ['mine'] });
    expect(await buses()).toEqual(['default', 'mine']);
  });

  test('an archive that was made again after it was deleted keeps what it holds', async () => {
    await restart();
    await archive();
    await on.put({ n: 1 });
    await on.events.send(new DeleteArchiveCommand({ ArchiveName: 'a' }));
    await archive();
    await on.put({ n: 2 });
    await restart();
    expect(await describeArchive()).toMatchObject({ EventCount: 1 });
    await start('again');
    await clock.advance(600);
    expect(numbers()).toEqual([2]);
    await restart();
    expect(await describeArchive()).toMatchObject({ EventCount: 1 });
  });

  test('forgets without one', async () => {
    await archive();
    await on.put({ n: 1 });
    await on.end();
    on = await busFixture({ clock });
    await expect(describeArchive()).rejects.toThrow('Archive a does not exist.');
  });
});
