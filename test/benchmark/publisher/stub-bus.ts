import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../support/worker-process.ts';

// The bus of the benchmarks: as little work a request as an audit allows, in a process of
// its own, so that what is measured is the producer.

export interface StubSettings {
  readonly latencyMs: number;
  /** Share of the entries that are answered as throttled. */
  readonly throttledShare: number;
}

export interface StubReport {
  readonly url: string;
  readonly requests: number;
  readonly accepted: number;
  readonly distinct: number;
  readonly throttled: number;
}

export type StubQuestion =
  | { readonly kind: 'reset'; readonly settings: StubSettings }
  | { readonly kind: 'report' };

const EVENT_ID = '\\"eventId\\":\\"';
const ACCEPTED = '{"EventId":"11710aed-b79e-4468-a20b-bb3c0c3b4860"}';
const THROTTLED = '{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}';

let settings: StubSettings = { latencyMs: 0, throttledShare: 0 };
let seen = new Set<string>();
let requests = 0;
let accepted = 0;
let throttled = 0;
let seed = 1;

/** Mulberry32: the same throttling in every run. */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** Finds the entries by their ids, which stand in the escaped detail. */
function answerTo(body: string): string {
  const results: string[] = [];
  let failed = 0;
  for (let at = body.indexOf(EVENT_ID); at !== -1; at = body.indexOf(EVENT_ID, at)) {
    at += EVENT_ID.length;
    const end = body.indexOf('\\', at);
    if (settings.throttledShare > 0 && random() < settings.throttledShare) {
      results.push(THROTTLED);
      failed += 1;
    } else {
      results.push(ACCEPTED);
      seen.add(body.slice(at, end));
    }
  }
  requests += 1;
  accepted += results.length - failed;
  throttled += failed;
  return `{"FailedEntryCount":${failed},"Entries":[${results.join(',')}]}`;
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const answer = answerTo(Buffer.concat(chunks).toString());
    const send = (): void => {
      response.writeHead(200, {
        'content-type': 'application/x-amz-json-1.1',
        'content-length': Buffer.byteLength(answer),
      });
      response.end(answer);
    };
    if (settings.latencyMs > 0) setTimeout(send, settings.latencyMs);
    else send();
  });
}

const server = createServer(serve);
server.keepAliveTimeout = 60_000;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

answerQuestions<StubQuestion, StubReport>(async (question) => {
  if (question.kind === 'reset') {
    settings = question.settings;
    seen = new Set();
    requests = 0;
    accepted = 0;
    throttled = 0;
    seed = 1;
  }
  return { url, requests, accepted, distinct: seen.size, throttled };
});
