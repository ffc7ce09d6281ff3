/** How an API destination proves who calls. */
export interface Connection {
  readonly name: string;
  readonly arn: string;
  readonly secretArn: string;
  readonly description: string | undefined;
  readonly state: 'AUTHORIZING' | 'AUTHORIZED' | 'DEAUTHORIZED';
  readonly authorizationType: string;
  readonly authParameters: AuthParameters;
  readonly kmsKey: string | undefined;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly authorizedAt: number;
}

export interface HttpField {
  readonly Key: string;
  readonly Value: string;
  readonly IsValueSecret?: boolean;
}

export interface HttpFields {
  readonly HeaderParameters?: readonly HttpField[];
  readonly QueryStringParameters?: readonly HttpField[];
  readonly BodyParameters?: readonly HttpField[];
}

export interface OAuthParameters {
  readonly ClientParameters: { readonly ClientID: string; readonly ClientSecret: string };
  /** Need be no URL. */
  readonly AuthorizationEndpoint: string;
  readonly HttpMethod: string;
  readonly OAuthHttpParameters?: HttpFields;
}

export interface AuthParameters {
  readonly BasicAuthParameters?: { readonly Username: string; readonly Password: string };
  readonly ApiKeyAuthParameters?: { readonly ApiKeyName: string; readonly ApiKeyValue: string };
  readonly OAuthParameters?: OAuthParameters;
  readonly InvocationHttpParameters?: HttpFields;
}

/** An HTTP endpoint as a target. */
export interface ApiDestination {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  readonly connectionArn: string;
  readonly invocationEndpoint: string;
  readonly httpMethod: string;
  readonly ratePerSecond: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}
