import type { Clock } from '../clock.ts';
import type { Connection } from '../estate/api-destination.ts';
import { tokenCall } from './api-destination-call.ts';
import { failed, refused, type SendResult } from './send-result.ts';

/** A connection's token, or why there is none. */
export type AccessToken = { readonly token: string | undefined } | { readonly error: SendResult };

/** The access tokens of OAuth connections, fetched again when they expire. */
export interface AccessTokens {
  /** `token` is undefined where the connection needs none. Never rejects. */
  get(connection: Connection): Promise<AccessToken>;
}

const defaultLifetimeSeconds = 300;

export function createAccessTokens(clock: Clock): AccessTokens {
  const tokens = new Map<string, { readonly token: string; readonly until: number }>();
  return {
    async get(connection) {
      const { OAuthParameters: oauth } = connection.authParameters;
      if (connection.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS' || oauth === undefined) {
        return { token: undefined };
      }
      const key = `${connection.arn} ${connection.modifiedAt}`;
      const known = tokens.get(key);
      if (known !== undefined && known.until > clock.now()) return { token: known.token };
      try {
        // The endpoint need be no URL: the service takes any text that could be part of one.
        const { url, method, headers, body, timeoutMs } = tokenCall(oauth);
        const response = await fetch(url, {
          method,
          headers,
          ...(body === undefined ? {} : { body }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const { access_token: token, expires_in: seconds = defaultLifetimeSeconds } =
          (await response.json()) as {
            readonly access_token?: string;
            readonly expires_in?: number;
          };
        if (typeof token !== 'string') {
          return {
            error: refused(
              'NO_PERMISSIONS',
              `${oauth.AuthorizationEndpoint} gave no access token.`,
            ),
          };
        }
        tokens.set(key, { token, until: clock.now() + Number(seconds) * 1000 });
        return { token };
      } catch {
        const message = `${oauth.AuthorizationEndpoint} gave no access token.`;
        return { error: failed('CONNECTION_FAILURE', message) };
      }
    },
  };
}
