import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { clientConfigOf, targetOf } from './connection-config.ts';

beforeEach(() => {
  for (const name of ['HOST', 'PORT', 'PASSWORD', 'DATABASE', 'OPTIONS', 'SSLMODE']) {
    vi.stubEnv(`PG${name}`, undefined);
  }
  vi.stubEnv('PGUSER', 'me');
});
afterEach(() => vi.unstubAllEnvs());

/** What would be sent: fields, and the password that the function gives. */
async function described(connection: string | pg.ClientConfig): Promise<object> {
  const { host, port, user, database, password, options } = clientConfigOf(connection);
  const given = typeof password === 'function' ? await password() : password;
  return { host, port, user, database, password: given, options };
}

const reserved = '@:/?#[]%&=+ ;,\\"\'`!$*()<>|~^{}€ü';

test.each([
  ['postgres://u:p@db.example:6543/shop', {}],
  ['postgresql://u:p@db.example:6543/shop', {}],
  ['POSTGRES://u:p@db.example:6543/shop', {}],
  ['  postgres://u:p@db.example:6543/shop\n', {}],
  ['postgres://u:p@db.example/shop', { port: 5432 }],
  ['postgres://u:p@db.example:6543', { database: 'u' }],
  ['postgres://u:p@db.example:6543/', { database: 'u' }],
  ['postgres://u@db.example:6543/shop', { password: undefined }],
  ['postgres://u:@db.example:6543/shop', { password: undefined }],
  ['postgres://u:p:q@db.example:6543/shop', { password: 'p:q' }],
  ['postgres://u:p@q@db.example:6543/shop', { password: 'p@q' }],
  ['postgres://%75s%65r:p@db.example:6543/%73hop', { user: 'user' }],
  ['postgres://u:p@[::1]:6543/shop', { host: '::1' }],
  ['postgres://u:p@%2Frun%2Fpg:6543/shop', { host: '/run/pg' }],
  ['postgres://u:p@/shop?host=/run/pg&port=6543', { host: '/run/pg' }],
  ['postgres:///shop?user=u&password=p@q/r:s&host=db.example&port=6543', { password: 'p@q/r:s' }],
  ['postgres://db.example:6543/shop?user=u@server&password=p', { user: 'u@server' }],
  ['postgres://u:p@db.example:6543/shop?options=endpoint%3Dep-1', { options: 'endpoint=ep-1' }],
  ['postgres://u:p@db.example:6543/shop?options=-c%20a=b+-c+c=d', { options: '-c a=b -c c=d' }],
  ['postgres://u:p@db.example:6543/shop?application_name=x&query_timeout=1&schema=s', {}],
  ['socket://u:p@/run/pg?db=shop', { host: '/run/pg', port: 5432 }],
  ['host=db.example port=6543 dbname=shop user=u password=p', {}],
  ["host = 'db.example' port=6543 dbname='shop' user=u password='p'", {}],
  [
    "host=db.example port=6543 dbname=shop user=u password='p \\' \\\\ q'",
    { password: "p ' \\ q" },
  ],
  ['host=db.example port=6543 dbname=shop user=u password=a=b;c', { password: 'a=b;c' }],
])('%s is read as Postgres tools read it', async (connection, but) => {
  const usual = {
    host: 'db.example',
    port: 6543,
    user: 'u',
    database: 'shop',
    password: 'p',
    options: undefined,
  };
  expect(await described(connection)).toEqual({ ...usual, ...but });
});

test('a Unix socket and a database, as pg writes them', async () => {
  vi.stubEnv('PGUSER', 'u');
  expect(await described('/run/postgresql shop')).toMatchObject({
    host: '/run/postgresql',
    user: 'u',
    database: 'shop',
  });
});

test('a password of every reserved character, encoded or quoted, arrives as it is', async () => {
  const url = `postgres://u:${encodeURIComponent(reserved)}@db.example/shop`;
  expect(await described(url)).toMatchObject({ password: reserved });
  const quoted = reserved.replaceAll(/['\\]/g, '\\$&');
  expect(await described(`host=h user=u password='${quoted}'`)).toMatchObject({
    password: reserved,
  });
});

test('what is left out comes from the environment', async () => {
  vi.stubEnv('PGHOST', 'db.example');
  vi.stubEnv('PGUSER', 'u');
  vi.stubEnv('PGPASSWORD', 'p');
  vi.stubEnv('PGDATABASE', 'shop');
  vi.stubEnv('PGPORT', '6543');
  vi.stubEnv('PGOPTIONS', '-c a=b');
  const environment = {
    host: 'db.example',
    port: 6543,
    user: 'u',
    database: 'shop',
    password: 'p',
    options: '-c a=b',
  };
  expect(await described('postgres://')).toEqual(environment);
  expect(await described({})).toEqual(environment);
  expect(await described('postgres://x:y@z/w?options=o')).toEqual({
    ...environment,
    ...{ host: 'z', user: 'x', password: 'y', database: 'w', options: 'o' },
  });
});

test.each([
  ['', 'connection must be a connection string'],
  [' \n', 'connection must be a connection string'],
  ['jdbc:postgresql://db.example/shop?user=u&password=S3CRET', 'is a JDBC URL'],
  ['"postgres://u:S3CRET@db.example/shop"', 'is in quotes'],
  ["psql 'postgres://u:S3CRET@db.example/shop'", 'is a command line of psql'],
  ['mysql://u:S3CRET@db.example/shop', 'is none that Postgres knows'],
  ['u:S3CRET@db.example/shop', 'is none that Postgres knows'],
  ['S3CRET', 'is none that Postgres knows'],
  ['postgres:/u:S3CRET@db.example/shop', 'is none that Postgres knows'],
  ['postgres://u:S3#CRET@db.example/shop', 'holds a #'],
  ['postgres://u:S3/CRET@db.example/shop', 'holds a / before its last @'],
  ['postgres://u:12/S3CRET@db.example/shop', 'holds a / before its last @'],
  ['postgres://u:12?S3CRET@db.example/shop', 'holds a ?'],
  ['postgres://u:12?x=S3CRET@db.example/shop', 'holds a ?'],
  ['postgres://u:S3%CRET@db.example/shop', 'holds a %'],
  ['postgres://u:S3CRET', 'a host that is no host:port'],
  ['postgres://u:S3CRET@db.example:port/shop', 'a host that is no host:port'],
  ['postgres://u:S3CRET@db.example:70000/shop', 'the port of connection'],
  ['postgres://u:S3CRET@::1/shop', 'a host that is no host:port'],
  ['postgres://u:S3CRET@db.example,db2.example/shop', 'several hosts'],
  ['postgres://u:S3CRET@db.example/shop/more', 'a /, & or = in its database'],
  ['postgres://u:S3CRET@db.example/shop?sslmode=S3CRET', 'sslmode must be one of disable, '],
  ['postgres://u:S3CRET@db.example/shop?sslmode=verify-full&sslrootcert=/nowhere.pem', 'ENOENT'],
  ['postgres://u:S3CRET@db.example/shop?service=S3CRET', 'has service, which is not supported'],
  ['postgres://u:S3CRET@db.example/shop?hostaddr=10.0.0.1', 'has hostaddr'],
  ['host=db.example password=S3 CRET user=u', 'holds, at or behind password, what is no keyword'],
  ['host=db.example pasword=S3CRET', 'holds, at or behind host, what is no keyword'],
  ["host=db.example password='S3CRET", 'what is no keyword'],
  ['Host=db.example;Username=u;Password=S3CRET', 'begins with what is no keyword'],
  ['host=db.example;user=u;password=S3CRET', 'what is no keyword'],
  ['dbname=postgres://u:S3CRET@db.example/shop', 'must be the name of a database'],
  ['host=db.example,password=S3CRET,user=u', 'what is no keyword'],
])('%s is refused in a sentence without the password', (connection, sentence) => {
  expect(() => clientConfigOf(connection)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringContaining(sentence),
    }),
  );
  expect(() => clientConfigOf(connection)).not.toThrow(/S3|CRET/);
});

test.each([
  [{ host: 'postgres://u:S3CRET@db.example/shop' }, 'the host of connection must be a name'],
  [{ host: 'db.example', database: 'postgres://u:S3CRET@h/shop' }, 'the name of a database'],
  [{ host: 'db.example', user: 'postgres://u:S3CRET@h/shop' }, 'the name of a user'],
  [{ host: 5 }, 'connection.host must be a string, got number'],
  [{ host: 'db.example', port: 'S3CRET' }, 'the port of connection'],
  [{ host: 'db.example', port: 0.5 }, 'the port of connection'],
  [{ host: 'db.example', password: { S3CRET: 1 } }, 'password must be a string or a function'],
  [{ hots: 'db.example' }, 'connection has no option "hots"; did you mean host?'],
  [{ url: 'postgres://u:S3CRET@db.example/shop' }, 'connection has no option "url"'],
  [{ connectionString: '' }, 'is the environment variable that holds it set?'],
  [{ connectionTimeoutMillis: 3e9 }, 'connection.connectionTimeoutMillis must be 0 to'],
  [new pg.Pool(), 'got a client or a pool'],
  [null, 'connection must be a connection string'],
  [5, 'connection must be a connection string'],
])('the object %j is refused in a sentence without the password', (connection, sentence) => {
  const read = (): unknown => clientConfigOf(connection as never);
  expect(read).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringContaining(sentence),
    }),
  );
  expect(read).not.toThrow(/S3CRET/);
});

test('a description is frozen, and holds where and as whom to connect alone', () => {
  const config = clientConfigOf({
    connectionString: 'postgres://u:p@db.example/shop?application_name=a&replication=true',
    ...{ application_name: 'b', query_timeout: 1, statement_timeout: 1, types: pg.types },
    ...{ client_encoding: 'LATIN1', max: 10 },
  });
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.keys(config).sort()).toEqual(
    [
      ...['connectionTimeoutMillis', 'database', 'host', 'keepAlive', 'password', 'port'],
      ...['ssl', 'types', 'user'],
    ].sort(),
  );
  expect(config.types).not.toBe(pg.types);
});

test('nothing that prints a description prints its password', () => {
  const config = clientConfigOf('postgres://u:S3CRET@db.example/shop');
  expect(inspect(config, { depth: null, showHidden: true })).not.toContain('S3CRET');
  expect(JSON.stringify(config)).not.toContain('S3CRET');
  expect(targetOf(config)).toBe('db.example:5432/shop');
  expect(targetOf(clientConfigOf('postgres://u:S3CRET@[::1]/shop'))).toBe('[::1]:5432/shop');
});

test('certificates and modes of TLS are read as pg reads them', () => {
  const file = join(tmpdir(), `tidings-ca-${process.pid}.pem`);
  writeFileSync(file, 'certificate');
  const sslOf = (query: string): unknown => clientConfigOf(`postgres://u@h/d?${query}`).ssl;
  expect(sslOf(`sslmode=verify-full&sslrootcert=${file}`)).toMatchObject({ ca: 'certificate' });
  expect(sslOf('sslmode=no-verify')).toEqual({ rejectUnauthorized: false });
  expect(sslOf('sslmode=disable')).toBe(false);
  expect(sslOf('ssl=true')).toBe(true);
  expect(sslOf('application_name=x')).toBe(false);
  vi.stubEnv('PGSSLMODE', 'no-verify');
  expect(sslOf('application_name=x')).toEqual({ rejectUnauthorized: false });
});
