import type { VerificationProblem } from '@tidings/contract';
import { type FailureKind, requestFailureKind } from './failure-table.ts';
import type { Reply, RequestFailure, Transport } from './transport.ts';

/** The service could not be reached, or said no; the message says what to do. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  /** Code of the failure. */
  readonly code: string;
  readonly kind: FailureKind;
  readonly problem: VerificationProblem;

  constructor(problem: VerificationProblem, failure: RequestFailure, message: string) {
    super(message);
    this.problem = problem;
    this.code = failure.code;
    this.kind = requestFailureKind(failure);
  }
}

/** How long an answer is waited for, and what ends the wait. */
export interface AnswerWait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends a PutEvents without entries: it publishes nothing, and the service refuses it
 * as invalid only after it has checked who is asking. That refusal is the good answer; that
 * it is throttled is no reason not to begin, for the publisher waits for a service that is.
 * @throws VerificationError with one sentence that says what to do.
 */
export async function verifyAccess(transport: Transport, wait: AnswerWait): Promise<void> {
  const reply = await within(wait, (signal) => transport.send([], signal));
  if (reply.ok) return;
  const kind = requestFailureKind(reply.failure);
  if (kind === 'permanent' || kind === 'throttled') return;
  const advice = accessAdvice(reply.failure, wait.timeoutMs);
  throw new VerificationError('access', reply.failure, advice);
}

/**
 * Makes sure that a bus exists: events for one that does not are accepted and dropped.
 * @throws VerificationError with one sentence that says what to do.
 */
export async function verifyBusExists(
  transport: Transport,
  eventBusName: string,
  wait: AnswerWait,
): Promise<void> {
  const describe = (name: string): Promise<Reply> =>
    within(wait, (signal) => transport.describeBus(name, signal));
  const reply = await describe(eventBusName);
  if (reply.ok) return;
  const { failure } = reply;
  const advice = busAdvice(failure, eventBusName) ?? accessAdvice(failure, wait.timeoutMs);
  const problem = busProblem(failure);
  if (problem === 'no-bus' && eventBusName.startsWith('arn:')) {
    // A bus of another account cannot be described, and may well exist.
    const own = await describe('default');
    if (!own.ok || placeOf(arnOf(own.body)) !== placeOf(eventBusName)) {
      const message = `Event bus ${eventBusName} cannot be described from here, because it is of another account or region, so that nobody notices if it does not exist; set verifyBus: false.`;
      throw new VerificationError('not-described', failure, message);
    }
  }
  throw new VerificationError(problem, failure, advice);
}

function busProblem(failure: RequestFailure): VerificationProblem {
  switch (failure.code) {
    case 'ResourceNotFoundException':
    case 'ValidationException':
      return 'no-bus';
    default:
      return passes(requestFailureKind(failure)) ? 'unanswered' : 'not-described';
  }
}

/** True for a failure that may be over in a moment. */
export function passes(kind: FailureKind): boolean {
  return kind === 'transient' || kind === 'throttled';
}

/** `arn:aws:events:eu-west-1:123456789012:event-bus/orders` -> region and account. */
function placeOf(arn: string): string {
  return arn.split(':').slice(1, 5).join(':');
}

function arnOf(description: unknown): string {
  const { Arn } = (description ?? {}) as { readonly Arn?: unknown };
  return typeof Arn === 'string' ? Arn : '';
}

async function within(
  { timeoutMs, signal: caller }: AnswerWait,
  ask: (signal: AbortSignal) => Promise<Reply>,
): Promise<Reply> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort('Timeout'), timeoutMs);
  const onAbort = (): void => controller.abort('Abandoned');
  if (caller?.aborted === true) onAbort();
  caller?.addEventListener('abort', onAbort, { once: true });
  try {
    return await ask(controller.signal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { code: 'TransportError', status: undefined, message } };
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onAbort);
  }
}

function busAdvice({ code, message }: RequestFailure, bus: string): string | undefined {
  const said = `${code}: ${message}`;
  switch (code) {
    case 'ResourceNotFoundException':
      return `Event bus ${bus} does not exist in this account and region, and EventBridge would drop its events without a word; create it, or correct eventBusName (${said}).`;
    case 'ValidationException':
      return `Event bus ${bus} cannot be described; correct eventBusName (${said}).`;
    case 'AccessDenied':
    case 'AccessDeniedException':
      return `verifyBus needs the permission events:DescribeEventBus on ${bus}; allow it, or set verifyBus: false (${said}).`;
    default:
      return undefined;
  }
}

function accessAdvice(failure: RequestFailure, timeoutMs: number): string {
  const { code, status } = failure;
  const said = `${code}: ${failure.message}`;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of EventBridge is not known here; check the endpoint, the region and the name service (${said}).`;
    case 'ECONNREFUSED':
      return `Nothing listens at the endpoint of EventBridge; start it, or correct the endpoint (${said}).`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `EventBridge cannot be reached from this network; check the route, or add a VPC endpoint for events (${said}).`;
    case 'Timeout':
    case 'TimeoutError':
    case 'ETIMEDOUT':
      return `EventBridge did not answer within ${timeoutMs} ms; check the endpoint, the security group and the VPC endpoint for events (${said}).`;
    case 'MissingRegion':
      return `No region is set; set AWS_REGION or pass region.`;
    case 'CredentialsProviderError':
      return `No AWS credentials were found; set a profile or a role, or pass credentials (${said}).`;
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return `The AWS credentials have expired; renew them (${said}).`;
    case 'AccessDenied':
    case 'AccessDeniedException':
      return `The AWS credentials may not publish; allow them events:PutEvents on the bus (${said}).`;
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return `EventBridge refused the signature; check the secret key, the region and this machine's clock (${said}).`;
    case 'UnrecognizedClientException':
    case 'InvalidClientTokenId':
    case 'MissingAuthenticationToken':
    case 'MissingAuthenticationTokenException':
      return `EventBridge does not know these AWS credentials; check the access key and the session token (${said}).`;
    case 'UnreadableAnswer':
      return `What answers at the endpoint is not EventBridge; correct the endpoint (${said}).`;
    default:
      break;
  }
  switch (requestFailureKind(failure)) {
    case 'throttled':
      return `EventBridge throttles this account; try again, or ask for a higher PutEvents quota (${said}).`;
    case 'denied':
      return `EventBridge does not let this caller in; check the credentials and the endpoint (${said}).`;
    default:
      return status === undefined
        ? `EventBridge could not be reached; check the endpoint and the network (${said}).`
        : `EventBridge answered with HTTP status ${status}; check the endpoint and try again (${said}).`;
  }
}
