import { containerCredentials, containerUrl } from './container-credentials.ts';
import { CredentialsError, type CredentialsSource } from './lean-credentials.ts';

/**
 * Where a workload's credentials are: the environment (Lambda, a shell), the container
 * endpoint of ECS or EKS, and otherwise the SDK's whole chain, which is an optional peer
 * and is loaded then. A profile or a web identity comes before the container endpoint, as
 * in the SDK; both take the chain.
 */
export function environmentCredentials(env: NodeJS.ProcessEnv = process.env): CredentialsSource {
  const chain = sdkChain();
  return async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (accessKeyId && secretAccessKey && !env.AWS_PROFILE) {
      const { AWS_SESSION_TOKEN: sessionToken, AWS_CREDENTIAL_EXPIRATION: expiration } = env;
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken && { sessionToken }),
        ...(expiration && expirationOf(expiration)),
      };
    }
    const webIdentity = env.AWS_WEB_IDENTITY_TOKEN_FILE && env.AWS_ROLE_ARN;
    const container = env.AWS_PROFILE || webIdentity ? undefined : containerUrl(env);
    return container === undefined ? chain() : containerCredentials(container, env);
  };
}

function expirationOf(text: string): { readonly expiration: Date } {
  const expiration = new Date(text);
  if (Number.isNaN(expiration.getTime())) {
    throw new CredentialsError(
      'AWS_CREDENTIAL_EXPIRATION must be a time, such as 2026-06-07T08:00:00Z',
    );
  }
  return { expiration };
}

/** The SDK's chain keeps what it has found out, so it is made once. */
function sdkChain(): CredentialsSource {
  let chain: Promise<CredentialsSource> | undefined;
  return async () => {
    chain ??= loadSdkChain();
    return (await chain)();
  };
}

async function loadSdkChain(): Promise<CredentialsSource> {
  // A name in a variable: a bundler would follow a literal and pack the whole chain.
  const name = '@aws-sdk/credential-provider-node';
  try {
    const { defaultProvider } = (await import(name)) as { defaultProvider(): CredentialsSource };
    return defaultProvider();
  } catch {
    throw new CredentialsError(
      'No AWS credentials in the environment; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, pass credentials, or install @aws-sdk/credential-provider-node for profiles and roles',
    );
  }
}
