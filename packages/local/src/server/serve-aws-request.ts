import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { BusCore } from '../bus-core.ts';
import type { FaultVerdict, RequestSubject } from '../faults/fault-plan.ts';
import type { OpenRecord } from '../journal/request-journal.ts';
import { busAddress } from '../protocol/bus-address.ts';
import type { Origin } from '../protocol/operation.ts';
import { type PutEventsOutput, putEvents } from '../protocol/put-events.ts';
import {
  type EntryError,
  type PutEventsEntry,
  wellTypedEntries,
} from '../protocol/put-events-entry.ts';
import { readEntries } from '../protocol/put-events-request.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { queryRequest } from '../sqs/query-request.ts';
import { type AwsRequest, parseInput } from './aws-request.ts';
import { badResponse } from './bad-response.ts';
import { inQueryProtocol } from './query-wire.ts';
import { readBody } from './read-body.ts';
import { showsToken } from './request-token.ts';
import { errorAnswer, refuseEarly, reset, send, sendHalf, type WireAnswer } from './wire.ts';

/**
 * The longest body that is read: the largest request that the service takes, with
 * every byte of it escaped in JSON.
 */
const maxBodyBytes = 16 * 1024 * 1024;
const tokenSentence =
  'Use the token of the bus as the secret access key, or send it in the header X-Tidings-Token.';

const noFault: FaultVerdict = {
  faultId: undefined,
  effect: undefined,
  delayBeforeMs: 0,
  delayAfterMs: 0,
};
const noErrors: ReadonlyMap<number, EntryError> = new Map();
const noneDropped: ReadonlySet<number> = new Set();

/**
 * One request of the AWS protocol, from its body to its answer:
 * fault decides -> commit -> answer, where the fault may break off before or after
 * the commit. What was committed and what was answered both reach the journal.
 */
export async function serveAwsRequest(
  bus: BusCore,
  head: AwsRequest,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await serve(bus, head, message, response);
  } catch (error) {
    // Whatever a request held, it is answered and the bus lives on.
    if (response.headersSent) response.destroy();
    else send(response, inProtocolOf(head, refusal(error)));
  }
}

async function serve(
  bus: BusCore,
  received: AwsRequest,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message, maxBodyBytes);
  const record = bus.requests.open({
    receivedAt: bus.now(),
    op: received.op,
    account: received.scope.account,
    region: received.scope.region,
    invocation: received.invocation,
    attempt: received.attempt,
  });
  let head = received;
  const answer = (wire: WireAnswer): void => {
    bus.requests.close(record, { kind: 'answered', status: wire.status, error: wire.error });
    send(response, inProtocolOf(head, wire));
  };
  if (body.kind === 'broken-off') return;
  if (body.kind === 'too-long') {
    bus.requests.close(record, { kind: 'answered', status: 413, error: undefined });
    return refuseEarly(response, { status: 413, body: '' });
  }
  const { token } = bus.options;
  if (token !== undefined && !showsToken(message, body.text, token)) {
    return answer(errorAnswer(403, 'InvalidSignatureException', tokenSentence));
  }
  let input: unknown;
  try {
    if (received.protocol === 'query') {
      const request = queryRequest(body.text, message.url ?? '');
      head = { ...received, op: request.op };
      record.op = request.op;
      input = request.input;
    } else input = parseInput(body.text);
  } catch (error) {
    return answer(refusal(error));
  }
  const verdict = bus.faults.isEmpty ? noFault : bus.faults.decide(subjectOf(head, input));
  record.faultId = verdict.faultId;
  const { effect } = verdict;
  if (verdict.delayBeforeMs > 0) await pause(verdict.delayBeforeMs);
  if (effect?.type === 'refuse') {
    const { status, error, message: text, headers } = effect.failure;
    return answer(
      error === undefined
        ? { status, body: '', headers }
        : errorAnswer(status, error, text, headers),
    );
  }
  if (effect?.type === 'before-commit') {
    if (effect.symptom === 'hang') return;
    if (effect.symptom === 'delay') await pause(effect.ms);
    else {
      bus.requests.close(record, { kind: 'reset' });
      return reset(response);
    }
  }
  const origin: Origin = {
    ...head.scope,
    traceHeader: head.traceHeader,
    onLeave: (run) => response.once('close', run),
  };
  const committed = await commit(bus, head, origin, input, verdict, record);
  if (verdict.delayAfterMs > 0) await pause(verdict.delayAfterMs);
  if (effect?.type === 'commit-then') {
    switch (effect.symptom) {
      case 'hang':
        return;
      case 'reset':
        bus.requests.close(record, { kind: 'reset' });
        return reset(response);
      case 'truncate':
        bus.requests.close(record, { kind: 'truncated' });
        return sendHalf(response, committed.wire);
      case 'status':
        return answer(
          errorAnswer(effect.status, 'InternalException', 'An internal error occurred.'),
        );
      case 'delay':
        await pause(effect.ms);
    }
  }
  if (effect?.type === 'bad-response' && committed.output !== undefined) {
    bus.requests.close(record, { kind: 'bad-response', body: effect.body });
    return send(response, badResponse(effect.body, committed.output));
  }
  answer(committed.wire);
}

interface Committed {
  readonly wire: WireAnswer;
  /** Of PutEvents, where it was not refused whole. */
  readonly output: PutEventsOutput | undefined;
}

async function commit(
  bus: BusCore,
  head: AwsRequest,
  origin: Origin,
  input: unknown,
  verdict: FaultVerdict,
  record: OpenRecord,
): Promise<Committed> {
  const { effect } = verdict;
  try {
    if (head.service !== 'events' || head.op !== 'PutEvents') {
      const output = await bus.perform(head.service, head.op, input, origin);
      return { wire: { status: 200, body: JSON.stringify(output) }, output: undefined };
    }
    const { output, records } = putEvents(bus, {
      entries: readEntries(input, bus.options.maxRequestBytes),
      scope: head.scope,
      requestSeq: record.seq,
      traceHeader: head.traceHeader,
      errors: effect?.type === 'fail-entries' ? effect.errors : noErrors,
      dropped: effect?.type === 'drop-entries' ? effect.dropped : noneDropped,
    });
    bus.requests.settle(record, records);
    return { wire: { status: 200, body: JSON.stringify(output) }, output };
  } catch (error) {
    return { wire: refusal(error), output: undefined };
  }
}

function subjectOf(head: AwsRequest, input: unknown): RequestSubject {
  const entries = head.op === 'PutEvents' ? wellTypedEntries(input) : undefined;
  return {
    op: head.op,
    attempt: head.attempt,
    invocation: head.invocation,
    entries: (entries ?? []).map((entry) => ({
      bus: busAddress(entry.EventBusName, head.scope).name,
      source: entry.Source,
      detailType: entry.DetailType,
      text: () => eventText(entry),
    })),
  };
}

/** What an entry would become, for a fault that matches by pattern. */
function eventText(entry: PutEventsEntry): string | undefined {
  try {
    const { Source, DetailType, Detail, Resources = [] } = entry;
    return JSON.stringify({
      source: Source,
      'detail-type': DetailType,
      resources: Resources,
      detail: JSON.parse(Detail ?? ''),
    });
  } catch {
    return undefined;
  }
}

/** SQS speaks version 1.0 of the JSON protocol, EventBridge 1.1. */
function inProtocolOf(head: AwsRequest, wire: WireAnswer): WireAnswer {
  if (head.protocol === 'query') return inQueryProtocol(head.op, wire);
  if (head.service !== 'sqs') return wire;
  return { ...wire, headers: { 'Content-Type': 'application/x-amz-json-1.0', ...wire.headers } };
}

function refusal(error: unknown): WireAnswer {
  if (error instanceof ServiceError)
    return errorAnswer(error.status, error.type, error.message, error.headers);
  const reason = error instanceof Error ? error.message : String(error);
  return errorAnswer(500, 'InternalException', `The local bus failed: ${reason}`);
}

/** Does not keep the process alive: a stopped bus leaves nothing behind. */
async function pause(ms: number): Promise<void> {
  await wait(ms, undefined, { ref: false });
}
