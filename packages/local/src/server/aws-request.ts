import type { IncomingMessage } from 'node:http';
import { type AwsScope, awsScope } from '../protocol/aws-scope.ts';
import { ServiceError } from '../protocol/service-error.ts';

/** The head of a request that an AWS client makes. */
export interface AwsRequest {
  readonly service: 'events' | 'sqs';
  /** Clients of SQS from before November 2023 speak the query protocol. */
  readonly protocol: 'json' | 'query';
  /** For example `PutEvents`. In the query protocol the body has it. */
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
  if (message.method !== 'POST') return undefined;
  const target = message.headers['x-amz-target'];
  const isQuery = typeof target !== 'string' && isSqsQuery(message);
  if (typeof target !== 'string' && !isQuery) return undefined;
  const attempt = /attempt=(\d+)/.exec(String(message.headers['amz-sdk-request'] ?? ''))?.[1];
  const trace = message.headers['x-amzn-trace-id'];
  const invocation = message.headers['amz-sdk-invocation-id'];
  const [prefix = '', op = ''] = String(target).split('.');
  return {
    service: isQuery ? 'sqs' : (services.get(prefix) ?? 'events'),
    protocol: isQuery ? 'query' : 'json',
    op: isQuery ? '' : services.has(prefix) ? op : String(target),
    scope: awsScope(message.headers.authorization, fallback),
    invocation: typeof invocation === 'string' ? invocation : undefined,
    attempt: attempt === undefined ? 1 : Number(attempt),
    traceHeader: typeof trace === 'string' ? trace : undefined,
  };
}

/** A form with a signature for SQS, which no page in a browser can send. */
function isSqsQuery({ headers }: IncomingMessage): boolean {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm && /Credential=[^,\s]+\/sqs\/aws4_request/.test(headers.authorization ?? '');
}

/** @throws ServiceError `SerializationException` where the body is not JSON. */
export function parseInput(body: string): unknown {
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch {
    throw new ServiceError('SerializationException', 'The body is not valid JSON.');
  }
}
