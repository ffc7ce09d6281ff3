import {
  DeleteRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BusFixture, busFixture, region } from '../../support/bus-fixture.ts';

const minute = 60_000;
const ruleArn = `arn:aws:events:${region}:000000000000:rule/tick`;
let clock = manualClock();
let on: BusFixture;
beforeEach(async () => {
  clock = manualClock();
  on = await busFixture({ clock, queues: ['q'] });
});
afterEach(() => on.end());

const schedule = async (ScheduleExpression: string, Input?: string) => {
  await on.events.send(new PutRuleCommand({ Name: 'tick', ScheduleExpression }));
  const target = { Id: 't', Arn: on.queueArn('q'), ...(Input === undefined ? {} : { Input }) };
  await on.events.send(new PutTargetsCommand({ Rule: 'tick', Targets: [target] }));
};
const bodies = async () => {
  await on.bus.settled();
  return (await on.receive('q')).map(({ Body }) => JSON.parse(Body ?? ''));
};

test("a rate sends the service's event to its targets, from one period on", async () => {
  await schedule('rate(1 minute)');
  const start = clock.now();
  await clock.advance(minute - 1);
  expect(await bodies()).toEqual([]);
  await clock.advance(1);
  expect(await bodies()).toEqual([
    {
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: new Date(start + minute).toISOString().replace('.000', ''),
      region,
      resources: [ruleArn],
      detail: {},
    },
  ]);
  await clock.advance(2 * minute);
  expect(on.bus.events.map((event) => event.time - start)).toEqual([
    minute,
    2 * minute,
    3 * minute,
  ]);
  expect(on.bus.deliveries).toMatchObject([{ rule: 'tick' }, { rule: 'tick' }, { rule: 'tick' }]);
});

test('a cron expression sends at its times, with the input of the target', async () => {
  await schedule('cron(30 6 ? * MON-FRI *)', '{"custom":"input"}');
  // Thursday, 1 January 2026.
  await clock.advance(24 * 60 * minute);
  expect(await bodies()).toEqual([{ custom: 'input' }]);
  await clock.advance(3 * 24 * 60 * minute);
  expect(on.bus.events.map((event) => new Date(event.time).toISOString())).toEqual([
    '2026-01-01T06:30:00.000Z',
    '2026-01-02T06:30:00.000Z',
  ]);
});

test('a schedule that begins after more than a timer holds is waited for', async () => {
  await schedule('cron(0 0 1 7 ? 2026)');
  await clock.advance(365 * 24 * 60 * minute);
  expect(on.bus.events.map((event) => new Date(event.time).toISOString())).toEqual([
    '2026-07-01T00:00:00.000Z',
  ]);
});

test('a rule that is disabled, changed or deleted sends no more by its old schedule', async () => {
  const count = async (minutes: number) => {
    const before = on.bus.events.length;
    await clock.advance(minutes * minute);
    return on.bus.events.length - before;
  };
  await schedule('rate(1 minute)');
  expect(await count(2)).toBe(2);
  await on.events.send(new DisableRuleCommand({ Name: 'tick' }));
  expect(await count(5)).toBe(0);
  await on.events.send(new EnableRuleCommand({ Name: 'tick' }));
  expect(await count(2)).toBe(2);
  await schedule('rate(5 minutes)');
  expect(await count(10)).toBe(2);
  // The same schedule again changes nothing.
  await schedule('rate(5 minutes)');
  await on.events.send(new RemoveTargetsCommand({ Rule: 'tick', Ids: ['t'] }));
  await on.events.send(new DeleteRuleCommand({ Name: 'tick' }));
  expect(await count(60)).toBe(0);
});

test('a bus that was stopped sends nothing more', async () => {
  await schedule('rate(1 minute)');
  await on.bus.stop();
  await clock.advance(10 * minute);
  expect(on.bus.events).toEqual([]);
});
