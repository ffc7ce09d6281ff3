import { ConnectionLost } from '../connection-lost.ts';

/** A stream that was given up because the server showed no sign of work for long. */
export class SilentStream extends ConnectionLost {
  override readonly name: string = 'SilentStream';
}
