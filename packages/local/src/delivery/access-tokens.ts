import type { Clock } from '../clock.ts';
import type { Connection, OAuthParameters } from '../estate/api-destination.ts';
import { tokenCall } from './api-destination-call.ts';
import { exchange, type HttpCall, resultOf } from './http-send.ts';
import { failed, refused, type SendFailure } from './send-result.ts';

/** A connection's token, or why there is none. */
export type AccessToken = { readonly token: string | undefined } | { readonly error: SendFailure };

/** The access tokens of OAuth connections, fetched once and again when they expire. */
export interface AccessTokens {
  /** `token` is undefined where the connection needs none. Never rejects. */
  get(connection: Connection): Promise<AccessToken>;
  /** Forgets a token that an endpoint refused, unless there is a newer one. */
  forget(connection: Connection, token: string): void;
}

interface Fetched {
  readonly answer: Promise<AccessToken>;
  /** Known once the answer is there. */
  token?: string;
  until?: number;
}

const defaultLifetimeSeconds = 300;

export function createAccessTokens(clock: Clock): AccessTokens {
  // By credentials: a connection that was updated has others, and needs another token.
  const tokens = new WeakMap<OAuthParameters, Fetched>();

  return {
    async get(connection) {
      const { OAuthParameters: oauth } = connection.authParameters;
      if (connection.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS' || oauth === undefined) {
        return { token: undefined };
      }
      const known = tokens.get(oauth);
      if (known !== undefined && (known.until === undefined || known.until > clock.now())) {
        return await known.answer;
      }
      const answer = fetchGrant(oauth).then((grant): AccessToken => {
        if ('token' in grant) {
          fetched.token = grant.token;
          fetched.until = clock.now() + grant.seconds * 1000;
        } else if (tokens.get(oauth) === fetched) tokens.delete(oauth);
        return grant;
      });
      const fetched: Fetched = { answer };
      tokens.set(oauth, fetched);
      return await answer;
    },
    forget(connection, token) {
      const { OAuthParameters: oauth } = connection.authParameters;
      if (oauth !== undefined && tokens.get(oauth)?.token === token) tokens.delete(oauth);
    },
  };
}

interface Grant {
  readonly token: string;
  /** Its lifetime. */
  readonly seconds: number;
}

async function fetchGrant(
  oauth: OAuthParameters,
): Promise<Grant | { readonly error: SendFailure }> {
  const noToken = `${oauth.AuthorizationEndpoint} gave no access token.`;
  let call: HttpCall;
  try {
    call = tokenCall(oauth);
  } catch {
    // The endpoint need be no URL: the service takes any text that could be part of one.
    return { error: failed('CONNECTION_FAILURE', noToken) };
  }
  const answer = await exchange(call);
  if ('error' in answer) return answer;
  const result = resultOf(answer, call.url);
  if (!result.ok && result.retriable) return { error: result };
  const grant = result.ok ? grantOf(answer.text) : undefined;
  return grant ?? { error: refused('NO_PERMISSIONS', noToken) };
}

function grantOf(text: string): Grant | undefined {
  try {
    const { access_token: token, expires_in: seconds = defaultLifetimeSeconds } = JSON.parse(
      text,
    ) as { readonly access_token?: unknown; readonly expires_in?: unknown };
    if (typeof token !== 'string' || token === '') return undefined;
    const lifetime = Number(seconds);
    return { token, seconds: Number.isFinite(lifetime) ? lifetime : defaultLifetimeSeconds };
  } catch {
    return undefined;
  }
}
