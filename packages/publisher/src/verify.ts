import { type FailureKind, requestFailureKind } from './failure-table.ts';
import type { Reply, RequestFailure, Transport } from './transport.ts';

/** The service could not be reached, or said no; the message says what to do. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  /** Code of the failure. */
  readonly code: string;
  readonly kind: FailureKind;

  constructor(failure: RequestFailure, message: string) {
    super(message);
    this.code = failure.code;
    this.kind = requestFailureKind(failure);
  }
}

/**
 * Sends a PutEvents without entries: it publishes nothing, and the service refuses it
 * as invalid only after it has checked who is asking. That refusal is the good answer; that
 * it is throttled is no reason not to begin, for the publisher waits for a service that is.
 * @throws VerificationError with one sentence that says what to do.
 */
export async function verifyAccess(transport: Transport, timeoutMs: number): Promise<void> {
  const reply = await within(timeoutMs, (signal) => transport.send([], signal));
  if (reply.ok) return;
  const kind = requestFailureKind(reply.failure);
  if (kind === 'permanent' || kind === 'throttled') return;
  throw new VerificationError(reply.failure, accessAdvice(reply.failure, timeoutMs));
}

/**
 * Makes sure that a bus exists: events for one that does not are accepted and dropped.
 * @throws VerificationError with one sentence that says what to do.
 */
export async function verifyBusExists(
  transport: Transport,
  eventBusName: string,
  timeoutMs: number,
): Promise<void> {
  const reply = await within(timeoutMs, (signal) => transport.describeBus(eventBusName, signal));
  if (reply.ok) return;
  const advice = busAdvice(reply.failure, eventBusName) ?? accessAdvice(reply.failure, timeoutMs);
  throw new VerificationError(reply.failure, advice);
}

async function within(
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<Reply>,
): Promise<Reply> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort('Timeout'), timeoutMs);
  try {
    return await ask(controller.signal);
  } finally {
    clearTimeout(timer);
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
