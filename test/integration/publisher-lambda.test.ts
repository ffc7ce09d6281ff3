import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { accepts, awsError, rawEndpoint } from '../support/raw-endpoint.ts';

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
