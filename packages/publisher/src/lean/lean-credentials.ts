/** Keys to sign with, under the names that AWS's own providers use. */
export interface LeanCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialsSource = () => Promise<LeanCredentials>;

/** No credentials could be had; the message says where they were looked for. */
export class CredentialsError extends Error {
  readonly code = 'CredentialsProviderError';
}
