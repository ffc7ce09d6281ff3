import {
  CreateEventBusCommand,
  type EventBridgeClient,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';

const producer = '111111111111';
const receiver = '222222222222';
const third = '333333333333';
const RoleArn = `arn:aws:iam::${producer}:role/forward`;
const busArn = (account: string, name = 'default', region = 'eu-west-1') =>
  `arn:aws:events:${region}:${account}:event-bus/${name}`;
const EventPattern = '{"source":["com.acme.orders"]}';

let on: BusFixture;
const as = new Map<string, EventBridgeClient>();
const client = (account: string): EventBridgeClient => {
  let found = as.get(account);
  if (found === undefined) {
    found = on.client({ credentials: { accessKeyId: account, secretAccessKey: 'x' } });
    as.set(account, found);
  }
  return found;
};
beforeEach(async () => {
  on = await busFixture({ queues: ['dlq'], organization: 'o-acme' });
});
afterEach(async () => {
  as.clear();
  await on.end();
});

const allow = (account: string, Principal: string) =>
  client(account).send(
    new PutPermissionCommand({ Action: 'events:PutEvents', Principal, StatementId: 's' }),
  );
const policy = (account: string, ...Statement: object[]) =>
  client(account).send(new PutPermissionCommand({ Policy: JSON.stringify({ Statement }) }));
const forward = async (account: string, to: string) => {
  await client(account).send(new PutRuleCommand({ Name: 'forward', EventPattern }));
  await client(account).send(
    new PutTargetsCommand({
      Rule: 'forward',
      Targets: [{ Id: 't', Arn: to, RoleArn, DeadLetterConfig: { Arn: on.queueArn('dlq') } }],
    }),
  );
};
const put = (account: string, EventBusName?: string) =>
  client(account).send(
    new PutEventsCommand({
      Entries: [
        { Source: 'com.acme.orders', DetailType: 'OrderPlaced', Detail: '{}', EventBusName },
      ],
    }),
  );
const deadLetters = async () => {
  await on.bus.settled();
  return (await on.receive('dlq')).map((each) => each.MessageAttributes?.ERROR_CODE?.StringValue);
};
const buses = () => on.bus.events.map((event) => event.busArn);

describe('a rule forwards to a bus of another account', () => {
  test('where its policy lets it in; id, account, region and time stay', async () => {
    await allow(receiver, producer);
    await forward(producer, busArn(receiver));
    await put(producer);
    expect(await deadLetters()).toEqual([]);
    expect(buses()).toEqual([busArn(producer), busArn(receiver)]);
    const [sent, got] = on.bus.events;
    expect(got?.envelope).toEqual(sent?.envelope);
    expect(got?.envelope.account).toBe(producer);
  });

  test('not without a policy: the dead letter tells', async () => {
    await forward(producer, busArn(receiver));
    await put(producer);
    expect(await deadLetters()).toEqual(['NO_RESOURCE']);
    expect(buses()).toEqual([busArn(producer)]);
  });

  test('not to a bus that does not exist', async () => {
    await forward(producer, busArn(receiver, 'none'));
    await put(producer);
    expect(await deadLetters()).toEqual(['NO_RESOURCE']);
  });

  test('a third bus is one hop too many', async () => {
    await allow(receiver, '*');
    await allow(third, '*');
    await forward(producer, busArn(receiver));
    await forward(receiver, busArn(third));
    await put(producer);
    expect(await deadLetters()).toEqual(['THIRD_ACCOUNT_HOP_DETECTED']);
    expect(buses()).toEqual([busArn(producer), busArn(receiver)]);
  });

  test('also within one account and across regions', async () => {
    await on.events.send(new CreateEventBusCommand({ Name: 'second' }));
    await client(producer).send(new CreateEventBusCommand({ Name: 'second' }));
    await forward(producer, busArn(producer, 'second'));
    await put(producer);
    await client(producer).send(
      new PutRuleCommand({ Name: 'again', EventPattern, EventBusName: 'second' }),
    );
    await client(producer).send(
      new PutTargetsCommand({
        Rule: 'again',
        EventBusName: 'second',
        Targets: [
          {
            Id: 't',
            Arn: busArn(producer, 'default', 'us-east-1'),
            RoleArn,
            DeadLetterConfig: { Arn: on.queueArn('dlq') },
          },
        ],
      }),
    );
    await put(producer);
    expect(await deadLetters()).toEqual(['THIRD_ACCOUNT_HOP_DETECTED']);
    await put(producer, 'second');
    await on.bus.settled();
    expect(on.bus.events.at(-1)).toMatchObject({
      busArn: busArn(producer, 'default', 'us-east-1'),
      region: 'eu-west-1',
    });
  });
});

describe('PutEvents to a bus of another account', () => {
  const result = async () => (await put(producer, busArn(receiver))).Entries?.[0];

  test('is refused entry by entry without a policy', async () => {
    expect(await result()).toMatchObject({ ErrorCode: 'AccessDeniedException' });
    expect(on.bus.events).toHaveLength(0);
  });
  test('is taken where the account is named; the event is of the sender', async () => {
    await allow(receiver, producer);
    expect(await result()).toEqual({ EventId: on.bus.events[0]?.id });
    expect(on.bus.events[0]).toMatchObject({ account: producer, busArn: busArn(receiver) });
  });
  test('is taken for the organisation', async () => {
    await policy(receiver, {
      Effect: 'Allow',
      Principal: '*',
      Action: 'events:PutEvents',
      Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-acme' } },
    });
    expect(await result()).toHaveProperty('EventId');
  });
  test.each([
    ['events:source', 'com.acme.pay', 'NotAuthorizedForSourceException'],
    ['events:detail-type', 'OrderPaid', 'NotAuthorizedForDetailTypeException'],
    ['aws:PrincipalOrgID', 'o-other', 'AccessDeniedException'],
  ])('%s names what is not allowed', async (key, value, ErrorCode) => {
    await policy(receiver, {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${producer}:root` },
      Action: 'events:PutEvents',
      Condition: { StringEquals: { [key]: value } },
    });
    expect(await result()).toMatchObject({ ErrorCode });
  });
  test('a denial goes before what allows', async () => {
    await policy(
      receiver,
      { Sid: 'a', Effect: 'Allow', Principal: '*', Action: 'events:*' },
      {
        Sid: 'd',
        Effect: 'Deny',
        Principal: '*',
        Action: 'events:PutEvents',
        Condition: { StringLike: { 'events:source': 'com.acme.*' } },
      },
    );
    expect(await result()).toMatchObject({ ErrorCode: 'AccessDeniedException' });
  });
});
