import type { AwsScope } from './aws-scope.ts';

/** Which bus a name or an ARN means. */
export interface BusAddress extends AwsScope {
  readonly name: string;
}

const arn = /^arn:aws[\w-]*:events:([a-z0-9-]+):(\d{12}):event-bus\/([._\-A-Za-z0-9/]+)$/;

/** A plain name means the bus of the caller's account and region; absent means `default`. */
export function busAddress(nameOrArn: string | undefined, scope: AwsScope): BusAddress {
  if (nameOrArn === undefined || nameOrArn === '') return { ...scope, name: 'default' };
  const found = arn.exec(nameOrArn);
  if (found === null) return { ...scope, name: nameOrArn };
  const [, region = '', account = '', name = ''] = found;
  return { account, region, name };
}

export function busArn(address: BusAddress): string {
  return `arn:aws:events:${address.region}:${address.account}:event-bus/${address.name}`;
}
