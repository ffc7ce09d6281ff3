/** A refusal in the service's own words: becomes the answer `{"__type", "message"}`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** For example `ValidationException`. */
  readonly type: string;
  /** HTTP status. */
  readonly status: number;
  /** Sent with the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: string,
    message: string,
    status = 400,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.type = type;
    this.status = status;
    this.headers = headers;
  }
}
