import {
  ListArchivesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { defineLocalRules, type PublishInput } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';

let on: BusFixture;
beforeEach(async () => {
  on = await busFixture();
});
afterEach(() => on.end());

const rules = async () =>
  (await on.events.send(new ListRulesCommand({}))).Rules?.map((rule) => rule.Name);
const targets = async (Rule: string) =>
  (await on.events.send(new ListTargetsByRuleCommand({ Rule }))).Targets?.map(
    (target) => target.Arn,
  );
const source = { source: ['com.acme.orders'] };

test('functions, URLs and ARNs are targets; what is declared no more goes', async () => {
  const got: unknown[] = [];
  await on.rule('of-a-client', { Id: 't', Arn: on.queueArn('q') });
  on.bus.applyRules(
    defineLocalRules({
      queues: ['q'],
      rules: [
        {
          name: 'first',
          pattern: source,
          targets: [
            (event) => got.push(event.detail),
            on.queueArn('q'),
            { Arn: on.queueArn('q'), Id: 'own', InputPath: '$.detail' },
          ],
        },
        { name: 'second', pattern: source },
      ],
      archives: [{ name: 'all', pattern: source, retentionDays: 1 }],
    }),
  );
  await on.put({ n: 1 });
  await on.bus.settled();
  expect(got).toEqual([{ n: 1 }]);
  expect((await on.receive('q')).map((each) => each.Body).sort()).toEqual(
    [on.bus.events[0]?.text, on.bus.events[0]?.text, '{"n":1}'].sort(),
  );
  on.bus.applyRules({
    rules: [{ name: 'first', pattern: source, targets: [on.queueArn('q')] }],
    archives: [{ name: 'all', retentionDays: 2 }],
  });
  expect(await rules()).toEqual(['Events-Archive-all', 'first', 'of-a-client']);
  expect(await targets('first')).toEqual([on.queueArn('q')]);
  const { Archives } = await on.events.send(new ListArchivesCommand({}));
  expect(Archives).toMatchObject([{ ArchiveName: 'all', RetentionDays: 2, EventCount: 1 }]);
  on.bus.applyRules({});
  expect(await rules()).toEqual(['of-a-client']);
  expect((await on.events.send(new ListArchivesCommand({}))).Archives).toEqual([]);
});

test('a target may say what stands for its ARN', async () => {
  const topic = 'arn:aws:sns:eu-west-1:000000000000:orders';
  const got: unknown[] = [];
  on.bus.applyRules({
    rules: [
      {
        name: 'r',
        pattern: source,
        targets: [
          { Arn: topic, Input: '{"n":1}', handler: (input: PublishInput) => got.push(input) },
        ],
      },
    ],
  });
  await on.put({ n: 1 });
  await on.bus.settled();
  expect(got).toEqual([{ TopicArn: topic, Message: '{"n":1}' }]);
  const { Targets } = await on.events.send(new ListTargetsByRuleCommand({ Rule: 'r' }));
  expect(Targets).toEqual([{ Id: 'target-1', Arn: topic, Input: '{"n":1}' }]);
});

describe('what is wrong changes nothing and is one sentence', () => {
  test.each([
    [{ rule: [] }, 'rule is not a field of a rules file; there are buses, queues, rules'],
    [{ rules: [{ name: 'a b', pattern: source }] }, 'the name of a rule must be 1 to 64 letters'],
    [
      { rules: [{ name: 'r', bus: 'x', pattern: source }] },
      'rule r is of the bus x; add it to buses',
    ],
    [{ rules: [{ name: 'r', pattern: { source: 'x' } }] }, 'rule r: Event pattern is not valid.'],
    [{ rules: [{ name: 'r' }] }, 'rule r: Event pattern is not valid.'],
    [{ faults: [{ action: { type: 'x' } }] }, 'fault 1: action.type must be one of'],
    [null, 'a rules file must give an object'],
  ])('%j', async (declared, message) => {
    on.bus.applyRules({ rules: [{ name: 'kept', pattern: source }] });
    expect(() => on.bus.applyRules(declared as never)).toThrow(message);
    expect(await rules()).toEqual(['kept']);
  });
});
