import type { IncomingMessage } from 'node:http';
import { type AwsScope, awsScope } from '../protocol/aws-scope.ts';
import { ServiceError } from '../protocol/service-error.ts';

/** The head of a request of the AWS JSON protocol. */
export interface AwsRequest {
  readonly service: 'events' | 'sqs';
  /** For example `PutEvents`. */
  readonly op: string;
  readonly scope: AwsScope;
  readonly invocation: string | undefined;
  readonly attempt: number;
  readonly traceHeader: string | undefined;
}

const services: ReadonlyMap<string, AwsRequest['service']> = new Map([
  ['AWSEvents', 'events'],
  ['AmazonSQS', 'sqs'],
]);

/** Reads the head, or undefined where the request is not of this protocol. */
export function awsRequest(message: IncomingMessage, fallback: AwsScope): AwsRequest | undefined {
  const target = message.headers['x-amz-target'];
  if (message.method !== 'POST' || typeof target !== 'string') return undefined;
  const attempt = /attempt=(\d+)/.exec(String(message.headers['amz-sdk-request'] ?? ''))?.[1];
  const trace = message.headers['x-amzn-trace-id'];
  const invocation = message.headers['amz-sdk-invocation-id'];
  const [prefix = '', op = ''] = target.split('.');
  return {
    service: services.get(prefix) ?? 'events',
    op: services.has(prefix) ? op : target,
    scope: awsScope(message.headers.authorization, fallback),
    invocation: typeof invocation === 'string' ? invocation : undefined,
    attempt: attempt === undefined ? 1 : Number(attempt),
    traceHeader: typeof trace === 'string' ? trace : undefined,
  };
}

/** @throws ServiceError `SerializationException` where the body is not JSON. */
export function parseInput(body: string): unknown {
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch {
    throw new ServiceError('SerializationException', 'The body is not valid JSON.');
  }
}
