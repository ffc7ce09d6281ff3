/** What the bus listens on where nobody says otherwise. */
export const usualPort = 4010;

/** Options of `tidings dev`. */
export interface DevOptions {
  readonly port?: number;
  readonly host?: string;
  /** Host names, beside those of this machine, under which clients may ask the bus. */
  readonly allowHost?: readonly string[];
  readonly token?: string;
  readonly region: string;
  readonly data?: string;
}
