import { ConfigurationError } from '@tidings/relay';
import type { ConnectionParameters } from './connection-url.ts';

/** What libpq knows (https://www.postgresql.org/docs/current/libpq-connect.html). */
const KEYWORDS = new Set(
  `host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout
   client_encoding options application_name fallback_application_name keepalives keepalives_idle
   keepalives_interval keepalives_count tcp_user_timeout replication gssencmode sslmode
   requiressl sslnegotiation sslcompression sslcert sslkey sslkeylogfile sslpassword sslcertmode
   sslrootcert sslcrl sslcrldir sslsni requirepeer ssl_min_protocol_version
   ssl_max_protocol_version min_protocol_version max_protocol_version krbsrvname gsslib
   gssdelegation scram_client_key scram_server_key service servicefile target_session_attrs
   load_balance_hosts oauth_issuer oauth_client_id oauth_client_secret oauth_scope`.split(/\s+/),
);
/** Values that messages name: unquoted ones must not hold what another syntax separates by. */
const NAMED = new Set(['host', 'port', 'dbname', 'user']);
const PAIR =
  /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s'\\]|\\[\s\S])(?:[^\s\\]|\\[\s\S])*)?)(?=\s|$)/y;

/** Whether a connection string means to be keywords. */
export function isConnectionKeywords(text: string): boolean {
  return /^[a-z_]+\s*=/i.test(text);
}

/**
 * Reads `host=… port=… dbname=… user=… password='…'` as libpq does.
 * @throws ConfigurationError that holds nothing of the text: a password with a space in it,
 * and no quotes, continues as what looks like a keyword.
 */
export function parseConnectionKeywords(text: string): ConnectionParameters {
  const parameters: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    const [, name = '', quoted, bare = ''] = match ?? [];
    if (match === null || !KEYWORDS.has(name)) throw malformed(Object.keys(parameters).at(-1));
    if (quoted === undefined && NAMED.has(name) && /[=;]/.test(bare)) throw malformed(name);
    parameters[name] = (quoted ?? bare).replace(/\\([\s\S])/g, '$1');
    at = PAIR.lastIndex;
  }
  return parameters;
}

function malformed(behind: string | undefined): ConfigurationError {
  const where = behind === undefined ? 'begins with' : `holds, at or behind ${behind},`;
  return new ConfigurationError(
    `the connection string ${where} what is no keyword of libpq; separate keyword=value by ` +
      "spaces, and write a value with spaces or quotes as password='it\\'s a secret'",
  );
}
