import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PublishOutcome } from '@tidings/contract';

const program = fileURLToPath(new URL('./lambda-function.js', import.meta.url));

/** What a function answered. */
export interface LambdaAnswer {
  readonly result?: string;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly outcomes?: readonly PublishOutcome[];
  };
  /** Timers and the like that are still set. */
  readonly timers: readonly string[];
}

export interface LambdaEvent {
  /** Ids of events to add. */
  readonly add?: readonly string[];
  /** Never answers. */
  readonly hang?: boolean;
}

/**
 * One environment: a process that runs only while it is invoked. As soon as it has answered it
 * is frozen, and where it does not answer in time it is killed.
 */
export interface LambdaEnvironment extends AsyncDisposable {
  /**
   * Thaws it, invokes it, freezes it.
   * @param jumpMs How much later its clock is, as after a restore.
   * @throws Error where its time was up.
   */
  invoke(event: LambdaEvent, timeoutMs: number, jumpMs?: number): Promise<LambdaAnswer>;
  /** Kills it as it is, which ends an invocation as its time-out does. */
  kill(): void;
}

export async function lambdaEnvironment(
  endpoint: string,
  transport: string,
  env: NodeJS.ProcessEnv = {},
): Promise<LambdaEnvironment> {
  const child = fork(program, [endpoint, transport], {
    // Nothing of the parent's own credentials.
    env: { PATH: process.env.PATH, AWS_REGION: 'us-east-1', ...env },
    execArgv: ['--no-warnings'],
  });
  await once(child, 'message');
  child.kill('SIGSTOP');
  return {
    async invoke(event, timeoutMs, jumpMs = 0) {
      child.kill('SIGCONT');
      const ended = once(child, 'exit');
      const answered = once(child, 'message') as Promise<[LambdaAnswer]>;
      child.send({ event, killedAt: Date.now() + timeoutMs, jumpMs });
      const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      try {
        const won = await Promise.race([answered, ended.then(() => undefined)]);
        if (won === undefined) throw new Error(`Task timed out after ${timeoutMs} ms`);
        child.kill('SIGSTOP');
        return won[0];
      } finally {
        clearTimeout(killer);
      }
    },
    kill: () => void child.kill('SIGKILL'),
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
