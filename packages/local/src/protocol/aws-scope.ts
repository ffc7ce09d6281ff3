/** The account and region that a request is made in. */
export interface AwsScope {
  readonly account: string;
  readonly region: string;
}

const credential = /Credential=([^/,\s]+)\/\d+\/([^/,\s]+)\//;

/**
 * Reads the scope from a SigV4 `Authorization` header. The region is that of the
 * credential scope; an access key id of twelve digits names the account.
 */
export function awsScope(authorization: string | undefined, fallback: AwsScope): AwsScope {
  const found = authorization === undefined ? null : credential.exec(authorization);
  if (found === null) return fallback;
  const [, accessKeyId = '', region = ''] = found;
  return {
    account: /^\d{12}$/.test(accessKeyId) ? accessKeyId : fallback.account,
    region: /^[a-z0-9-]+$/.test(region) ? region : fallback.region,
  };
}
