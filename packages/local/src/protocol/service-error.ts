/** A refusal in the service's own words: becomes the answer `{"__type", "message"}`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** For example `ValidationException`. */
  readonly type: string;
  /** HTTP status. */
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}
