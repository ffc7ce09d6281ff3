import { exchange, type HttpAnswer, type HttpCall, resultOf } from './http-send.ts';
import type { SendResult } from './send-result.ts';
import type { ServiceCall } from './service-call.ts';
import { serviceFailure } from './service-failure.ts';

const timeoutMs = 30_000;

/** Makes the call of an endpoint that answers as the service does. */
export async function sendServiceCall(
  endpoint: string,
  targetArn: string,
  call: ServiceCall,
): Promise<SendResult> {
  const request = requestOf(endpoint, targetArn, call);
  const answer = await exchange(request);
  if ('error' in answer) return answer.error;
  if (answer.status < 400) return resultOf(answer, endpoint);
  const { name, message } = errorOf(answer);
  return serviceFailure(name, message) ?? resultOf(answer, endpoint);
}

/** The request in the protocol of each service. */
function requestOf(endpoint: string, targetArn: string, call: ServiceCall): HttpCall {
  const common = { url: endpoint, method: 'POST', timeoutMs };
  const Authorization = authorization(targetArn, call.service);
  switch (call.service) {
    case 'sns':
      return {
        ...common,
        headers: { Authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          Action: 'Publish',
          Version: '2010-03-31',
          ...call.input,
        }).toString(),
      };
    case 'kinesis': {
      const { Data, ...rest } = call.input;
      return {
        ...common,
        headers: {
          Authorization,
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': 'Kinesis_20131202.PutRecord',
        },
        body: JSON.stringify({ ...rest, Data: Buffer.from(Data).toString('base64') }),
      };
    }
    case 'states':
      return {
        ...common,
        headers: {
          Authorization,
          'Content-Type': 'application/x-amz-json-1.0',
          'X-Amz-Target': 'AWSStepFunctions.StartExecution',
        },
        body: JSON.stringify(call.input),
      };
  }
}

/** Emulators read account, region and service here and do not check the signature. */
function authorization(targetArn: string, service: string): string {
  const [, , , region = '', account = ''] = targetArn.split(':');
  const date = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return `AWS4-HMAC-SHA256 Credential=${account}/${date}/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`;
}

/** Name and message of an error, in JSON or in XML. */
function errorOf({ headers, text }: HttpAnswer): {
  readonly name: string;
  readonly message: string;
} {
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  if (code !== undefined) {
    return { name: code, message: /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? '' };
  }
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // No body of a service; the status decides.
  }
  const type = headers.get('x-amzn-errortype') ?? String(body.__type ?? '');
  return {
    name: type.split('#').at(-1)?.split(':')[0] ?? '',
    message: String(body.message ?? body.Message ?? ''),
  };
}
