import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { runCommandLine } from './run-command-line.ts';

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  vi.stubEnv('DATABASE_URL', undefined);
  vi.stubEnv('TIDINGS_LOG_LEVEL', undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test.each(['--version', '-V'])('%s prints the version alone', async (flag) => {
  expect(await runCommandLine([flag])).toBe(0);
  expect(out).toBe(`${packageJson.version}\n`);
  expect(err).toBe('');
});

test.each([
  [[], 'tidings outbox migrate --connection'],
  [['relay', 'run'], 'tidings relay run relay.config.ts'],
  [['outbox', 'migrate'], 'tidings outbox migrate --connection'],
  [['outbox', 'adopt'], 'tidings outbox adopt --published-before'],
  [['dev'], 'tidings dev rules.ts'],
])('%j --help shows an example and the exit codes', async (command, example) => {
  expect(await runCommandLine([...command, '--help'])).toBe(0);
  expect(out).toMatch(/Examples?:\n/);
  expect(out).toContain(example);
  expect(out).toMatch(/Exit\s+codes:\s+0 /);
  expect(err).toBe('');
});

test.each([
  ['frobnicate', "tidings: unknown command 'frobnicate'; see tidings --help"],
  [
    'outbox migrat',
    "tidings: unknown command 'migrat' (Did you mean migrate?); see tidings outbox",
  ],
  ['outbox migrate --conection x', "unknown option '--conection' (Did you mean --connection?)"],
  ['outbox migrate more', 'too many arguments'],
  ['outbox migrate --connection', "option '--connection <string>' argument missing"],
  ['outbox migrate', 'tidings: give --connection, or set DATABASE_URL'],
  ['outbox adopt --connection x --all-owed --all-published', 'say which rows count as published'],
  ['outbox adopt --connection x --published-before monday', 'must be a time such as'],
  ['outbox adopt --connection x --published-through 1e3', 'must be an id of tidings.outbox'],
  ['relay run', "missing required argument 'config'"],
  ['relay run nowhere.ts', 'there is no file'],
  ['dev nowhere.ts', 'there is no file'],
  ['dev --port many', 'It must be a whole number from 0 to 65535; see tidings dev --help'],
  ['dev --region  --port 0', 'tidings: '],
  ['dev --host 0.0.0.0', 'token must have 16 characters or more'],
])('%s: one sentence, and exit code 1', async (line, sentence) => {
  expect(await runCommandLine(line.split(' '))).toBe(1);
  expect(err).toContain(sentence);
  expect(err).toMatch(/^tidings: [^\n]+\n$/);
});

test('a log level that does not exist is refused', async () => {
  vi.stubEnv('TIDINGS_LOG_LEVEL', 'loud');
  expect(await runCommandLine(['relay', 'run', 'nowhere.ts'])).toBe(1);
  expect(err).toBe(
    'tidings: TIDINGS_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, got ' +
      "'loud'\n",
  );
});

const url = 'postgres://u:S3CRET@127.0.0.1:1/d';
test.each([
  [url],
  ['outbox', url],
  ['outbox', 'migrate', url],
  ['outbox', 'migrate', `--conection=${url}`],
  ['outbox', 'migrate', `--${url}`],
  ['outbox', 'migrate', 'S3CRET@127.0.0.1:1/d'],
  ['outbox', 'migrate', '--connection', url],
  ['outbox', 'migrate', '--connection', `"${url}"`],
  ['outbox', 'migrate', '--connection', url.replace('S3', 'S3#')],
  ['outbox', 'migrate', '--connection', `jdbc:${url}`],
  ['outbox', 'migrate', '--connection', 'host=127.0.0.1 port=1 user=u password=S3CRET dbname=d'],
  ['outbox', 'migrate', '--connection', 'host=127.0.0.1 port=1 user=u password=S3 CRET'],
  ['outbox', 'migrate', '--connection', url, '--slot', url],
  ['outbox', 'migrate', '--connection', url, '--publication', `password=S3CRET`],
  ['outbox', 'adopt', '--connection', url, '--all-owed', '--published-before', url],
  ['outbox', 'adopt', '--connection', url, '--published-through', url],
  ['relay', 'run', url],
  ['dev', url],
  ['dev', '--port', url],
])('no part of a password is printed: %j', async (...args) => {
  for (const level of [undefined, 'debug']) {
    vi.stubEnv('TIDINGS_LOG_LEVEL', level);
    expect(await runCommandLine(args)).toBe(1);
  }
  expect(err).toMatch(/^(?:tidings: [^\n]+\n){2}$/);
  expect(out + err).not.toMatch(/S3|CRET/);
});
