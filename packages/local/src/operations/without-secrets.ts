import type { AuthParameters } from '../estate/api-destination.ts';

/** What DescribeConnection tells of how a connection proves who calls. */
export function withoutSecrets(auth: AuthParameters): object {
  return {
    ...auth,
    ...(auth.BasicAuthParameters && {
      BasicAuthParameters: { Username: auth.BasicAuthParameters.Username },
    }),
    ...(auth.ApiKeyAuthParameters && {
      ApiKeyAuthParameters: { ApiKeyName: auth.ApiKeyAuthParameters.ApiKeyName },
    }),
    ...(auth.OAuthParameters && {
      OAuthParameters: {
        ...auth.OAuthParameters,
        ClientParameters: { ClientID: auth.OAuthParameters.ClientParameters.ClientID },
      },
    }),
  };
}
