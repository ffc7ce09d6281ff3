import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { claimCheckReference, claimCheckResolver, putClaimChecks } from './claim-check.ts';
import { ContractError } from './contract-error.ts';
import { defineEvent } from './define-event.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string(), items: z.array(z.string()) }),
  idempotencyKey: (order) => order.orderId,
});
const event = OrderPlaced.create({ orderId: '7781', items: ['a', 'b'] }, { resources: ['arn:x'] });

/** As EventBridge hands an event to a Lambda function. */
const delivered = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  account: '111122223333',
  region: 'us-east-1',
  ...(JSON.parse(JSON.stringify(event)) as typeof event),
};

describe('parse', () => {
  it.each([
    ['an envelope', event],
    ['a delivered event', delivered],
    ['a replayed event', { ...delivered, 'replay-name': 'again' }],
    ['the JSON text of one', JSON.stringify(delivered)],
  ])('reads %s back', (_what, raw) => {
    expect(OrderPlaced.parse(raw)).toEqual(event);
  });

  it.each([
    [undefined, 'OrderPlaced cannot be read from undefined: pass an event or its JSON text'],
    [null, 'OrderPlaced cannot be read from null'],
    ['{', 'OrderPlaced cannot be read: pass its JSON text whole'],
    [{}, 'expected OrderPlaced of com.acme.orders, got undefined of undefined'],
    [{ ...delivered, 'detail-type': 'OrderShipped' }, 'got OrderShipped of com.acme.orders'],
    [{ ...delivered, detail: { x: 1 } }, 'detail must be { metadata, data }'],
    [
      { ...delivered, detail: { ...event.detail, data: { orderId: 1 } } },
      'data.orderId: expected string, received number; data.items: expected array, received nothing',
    ],
  ])('refuses %j', (raw, message) => {
    expect(() => OrderPlaced.parse(raw)).toThrow(ContractError);
    expect(() => OrderPlaced.parse(raw)).toThrow(message);
  });

  it('fetches what was left behind a claim check, and verifies it', async () => {
    const content = new TextEncoder().encode('["a","b"]');
    const reference = claimCheckReference('claims', 'items', content);
    const detail = putClaimChecks(event.detail, new Map([['/items', reference]]));
    const light = { ...delivered, detail };

    expect(() => OrderPlaced.parse(light)).toThrow('has data behind a claim check');
    const claimCheck = claimCheckResolver(async () => content);
    expect(await OrderPlaced.parse(light, { claimCheck })).toEqual(event);
    await expect(
      OrderPlaced.parse(light, { claimCheck: claimCheckResolver(async () => new Uint8Array(9)) }),
    ).rejects.toThrow('object claims/items is not what the event was published with');
  });
});
