import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lambdaEnvironment } from '../support/lambda-environment.ts';
import {
  accepts,
  answer,
  awsError,
  hangs,
  type RawEndpoint,
  rawEndpoint,
  resets,
} from '../support/raw-endpoint.ts';

const program = fileURLToPath(new URL('../support/lambda-program.js', import.meta.url));
const run = promisify(execFile);
const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';

it.each(['sdk', 'lean'])('leaves nothing behind in a Lambda handler: %s', async (transport) => {
  await using endpoint = await rawEndpoint(awsError(400, 'ThrottlingException'), accepts);
  const { stdout } = await run(
    process.execPath,
    ['--no-warnings', program, endpoint.url, transport],
    {
      // A process that something keeps alive is killed, and fails the test.
      timeout: 30_000,
      env: {
        ...process.env,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'AKID',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'token',
        _X_AMZN_TRACE_ID: traceHeader,
      },
    },
  );
  // Timers that are still set when the handler has returned.
  expect(JSON.parse(stdout)).toEqual([]);
  const entries = endpoint.requests.slice(1).flatMap(({ body }) => body.Entries);
  const ids = entries.map(({ Detail }) => JSON.parse(String(Detail)).metadata.eventId);
  expect(ids.toSorted()).toEqual(['1-a', '1-b', '1-c', '2-a', '2-b', '2-c']);
  expect(new Set(entries.map(({ TraceHeader }) => TraceHeader))).toEqual(new Set([traceHeader]));
});

/** Ids of the events in a bus's requests, in order. */
function idsAt({ requests }: RawEndpoint): readonly string[] {
  return requests
    .flatMap(({ body }) => body.Entries)
    .map(({ Detail }) => JSON.parse(String(Detail)).metadata.eventId);
}

const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };

// Most of the time is spent with waiting.
describe.concurrent.each(['sdk', 'lean'])(
  'publishingHandler in an environment that is frozen: %s',
  (kind) => {
    it('has nothing on its way when it answers, invocation after invocation', async () => {
      await using bus = await rawEndpoint(awsError(400, 'ThrottlingException'), accepts);
      await using environment = await lambdaEnvironment(bus.url, kind, keys);
      const done = { result: 'done', timers: [] };
      expect(await environment.invoke({ add: ['1-a', '1-b'] }, 20_000)).toEqual(done);
      // It is frozen: what is not here now never comes.
      const first = bus.requests.length;
      expect(idsAt(bus).slice(2).toSorted()).toEqual(['1-a', '1-b']);
      expect(await environment.invoke({ add: ['2-a'] }, 20_000)).toEqual(done);
      expect(bus.requests).toHaveLength(first + 1);
      expect(idsAt(bus).at(-1)).toBe('2-a');
    });

    it.each([
      ['that nobody told', hangs],
      ['that the other side reset', resets],
    ])('outlives the death of its connections, %s', async (_, dead) => {
      await using bus = await rawEndpoint(accepts, dead, accepts);
      await using environment = await lambdaEnvironment(bus.url, kind, keys);
      await environment.invoke({ add: ['1-a'] }, 20_000);
      const answered = await environment.invoke({ add: ['2-a'] }, 5_000);
      expect(answered).toEqual({ result: 'done', timers: [] });
      expect(idsAt(bus)).toEqual(['1-a', '2-a', '2-a']);
    });

    it('answers what was not delivered before it is killed, where the network hangs', async () => {
      await using bus = await rawEndpoint(hangs);
      await using environment = await lambdaEnvironment(bus.url, kind, keys);
      const { error, timers } = await environment.invoke({ add: ['1-a'] }, 3_000);
      expect(error).toMatchObject({
        name: 'PublishError',
        outcomes: [{ eventId: '1-a', status: 'undelivered', possiblyAccepted: true }],
      });
      expect(timers).toEqual([]);
    });

    it('publishes again, under the same key, where it was killed and is invoked anew', async () => {
      let taken = (): void => {};
      const isTaken = new Promise<void>((resolve) => {
        taken = resolve;
      });
      await using bus = await rawEndpoint((response, request) => {
        accepts(response, request);
        taken();
      });
      await using killed = await lambdaEnvironment(bus.url, kind, keys);
      const ended = killed.invoke({ add: ['1-a'], hang: true }, 60_000);
      await isTaken;
      killed.kill();
      await expect(ended).rejects.toThrow('Task timed out');
      await using anew = await lambdaEnvironment(bus.url, kind, keys);
      expect(await anew.invoke({ add: ['1-a'] }, 20_000)).toMatchObject({ result: 'done' });
      const found = bus.requests.flatMap(({ body }) => body.Entries);
      const used = found.map(({ Detail }) => JSON.parse(String(Detail)).metadata.idempotencyKey);
      expect(used).toEqual(['key-1-a', 'key-1-a']);
    });

    it('gets new credentials where it was restored after those at hand had expired', async () => {
      let given = 0;
      const hour = 3_600_000;
      await using agent = await rawEndpoint((response, request) => {
        given += 1;
        const expiresAt = Date.now() + (given === 1 ? hour : 100 * hour);
        answer(200, {
          AccessKeyId: `AKID${given}`,
          SecretAccessKey: 'secret',
          Token: 'token',
          Expiration: new Date(expiresAt).toISOString(),
        })(response, request);
      });
      await using bus = await rawEndpoint(accepts);
      const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url };
      await using environment = await lambdaEnvironment(bus.url, kind, env);
      await environment.invoke({ add: ['1-a'] }, 20_000);
      await environment.invoke({ add: ['2-a'] }, 20_000, 48 * hour);
      const signers = bus.requests.map(
        ({ headers }) => /AKID\d/.exec(String(headers.authorization))?.[0],
      );
      expect(signers).toEqual(['AKID1', 'AKID2']);
    });
  },
);
