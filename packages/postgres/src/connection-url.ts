import { ConfigurationError } from '@tidings/relay';

/** What a connection string says, by the names that libpq gives its parameters. */
export type ConnectionParameters = Readonly<Record<string, string>>;

const WITH_SCHEME = /^postgres(?:ql)?:\/\/(.*)$/is;
const SOCKET = /^socket:(?:\/\/(?:(.*)@)?)?(\/[^?@]*)(?:\?(.*))?$/is;
const HOST = /^(\[[0-9a-f:.]+(?:%[0-9a-z.]+)?\]|[^:[\]]*)(?::(\d+))?$/i;

const reserved =
  'in the user, the password and the database write @ as %40, : as %3A, / as %2F, ? as %3F, ' +
  '# as %23, % as %25';

/** Whether a connection string means to be a URL. */
export function isConnectionUrl(text: string): boolean {
  return WITH_SCHEME.test(text) || /^socket:/i.test(text);
}

/**
 * Reads `postgres://user:password@host:port/database?parameters`, and `socket:/folder?db=name`.
 * Stricter than WHATWG URLs, which take a password with `#`, `/` or `?` in it for a host and a
 * port: that would connect elsewhere, and name a part of the password in messages.
 * @throws ConfigurationError that holds nothing of the text.
 */
export function parseConnectionUrl(text: string): ConnectionParameters {
  if (text.includes('#')) throw malformed('holds a #');
  const socket = SOCKET.exec(text);
  if (socket !== null) {
    const [, user, folder = '', query = ''] = socket;
    const { db, encoding: _, ...given } = parseQuery(query);
    return {
      ...userOf(user),
      ...given,
      host: decode(folder),
      ...(db === undefined ? {} : { dbname: db }),
    };
  }
  const rest = WITH_SCHEME.exec(text)?.[1];
  if (rest === undefined) throw malformed('is no socket:/folder?db=database');
  const question = rest.indexOf('?');
  const location = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? '' : rest.slice(question + 1);
  const at = location.lastIndexOf('@');
  const user = at === -1 ? undefined : location.slice(0, at);
  const place = location.slice(at + 1);
  if (user?.includes('/')) throw malformed('holds a / before its last @');
  const slash = place.indexOf('/');
  const hosts = slash === -1 ? place : place.slice(0, slash);
  const database = slash === -1 ? '' : place.slice(slash + 1);
  if (/[/&=]/.test(database)) throw malformed('holds a /, & or = in its database');
  return {
    ...userOf(user),
    ...hostsOf(hosts),
    ...(database === '' ? {} : { dbname: decode(database) }),
    ...parseQuery(query),
  };
}

function userOf(text: string | undefined): ConnectionParameters {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  const user = decode(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? '' : decode(text.slice(colon + 1));
  return { ...(user === '' ? {} : { user }), ...(password === '' ? {} : { password }) };
}

/** Several hosts are lists, as libpq has them: `host` and `port` of as many parts. */
function hostsOf(text: string): ConnectionParameters {
  if (text === '') return {};
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const each of text.split(',')) {
    const match = HOST.exec(each);
    if (match === null) throw malformed('holds a host that is no host:port');
    hosts.push(decode((match[1] as string).replace(/^\[(.*)\]$/, '$1')));
    ports.push(match[2] ?? '');
  }
  return {
    ...(hosts.every((each) => each === '') ? {} : { host: hosts.join(',') }),
    ...(ports.every((each) => each === '') ? {} : { port: ports.join(',') }),
  };
}

function parseQuery(text: string): ConnectionParameters {
  const parameters: Record<string, string> = {};
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const match = /^([a-z_]+)=([^?]*)$/i.exec(pair);
    const [, name = '', value = ''] = match ?? [];
    // A password with a ? in it looks like parameters, with the rest of the location in them;
    // and `user=me@server` is how Azure names users.
    const odd = name === 'options' ? /[@]/ : name === 'user' ? /[/:=]/ : /[@=]/;
    if (match === null || (name !== 'password' && odd.test(value))) {
      throw malformed('holds a ? that no name=value follows');
    }
    parameters[name] = decode(value.replaceAll('+', ' '));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed('holds a % that begins no character');
  }
}

function malformed(what: string): ConfigurationError {
  return new ConfigurationError(`the connection string ${what}; ${reserved}`);
}
