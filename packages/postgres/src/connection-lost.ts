/**
 * A connection that Tidings gave up, or found ended, where the server gave no error of its
 * own. Another connection is tried, as after any loss.
 */
export class ConnectionLost extends Error {
  override readonly name: string = 'ConnectionLost';
}
