import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { endpointOf } from './endpoint.ts';

const regions = [
  'us-east-1',
  'eu-west-1',
  'mx-central-1',
  'cn-north-1',
  'eusc-de-east-1',
  'us-gov-east-1',
  'us-gov-west-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'us-isof-south-1',
  'eu-isoe-west-1',
];
const own = { endpoint: undefined, endpointId: undefined };

describe('endpointOf', () => {
  const rules = new EventBridgeClient({ region: 'eu-west-1' }).config.endpointProvider;

  it.each(regions)('is what the SDK uses in %s', (region) => {
    for (const useFips of [false, true]) {
      for (const useDualStack of [false, true]) {
        const sdk = rules({ Region: region, UseFIPS: useFips, UseDualStack: useDualStack });
        const lean = endpointOf({ ...own, region, useFips, useDualStack });
        expect(`${lean.protocol}//${lean.host}${lean.path}`).toBe(sdk.url.href);
      }
    }
  });

  it.each([false, true])('is what the SDK uses for a global endpoint, dual stack %s', (dual) => {
    const sdk = rules({
      Region: 'us-east-1',
      EndpointId: 'abcde.veo',
      UseFIPS: false,
      UseDualStack: dual,
    });
    const lean = endpointOf({
      ...own,
      region: 'us-east-1',
      endpointId: 'abcde.veo',
      useFips: false,
      useDualStack: dual,
    });
    expect(lean.host).toBe(sdk.url.host);
  });

  it('takes an endpoint apart', () => {
    const plain = {
      region: 'eu-west-1',
      endpointId: undefined,
      useFips: false,
      useDualStack: false,
    };
    expect(endpointOf({ ...plain, endpoint: 'http://[::1]:4010' })).toEqual({
      protocol: 'http:',
      hostname: '::1',
      port: 4010,
      path: '/',
      host: '[::1]:4010',
    });
  });

  it.each([
    [{ region: 'eu west 1' }, /region must be/],
    [{ endpoint: '127.0.0.1:4010' }, /endpoint must/],
    [{ endpoint: 'ftp://bus' }, /http:\/\/ or https/],
    [{ endpointId: 'nodot' }, /endpointId must be/],
    [{ endpointId: 'abcde.veo', useFips: true }, /useFips must be false/],
    [{ endpoint: 'http://bus', useDualStack: true }, /must be false with an endpoint/],
  ])('refuses %o', (choice, message) => {
    const plain = { ...own, region: 'eu-west-1', useFips: false, useDualStack: false };
    expect(() => endpointOf({ ...plain, ...choice })).toThrow(message);
  });
});
