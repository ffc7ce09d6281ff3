import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Question {
  readonly id: number;
  readonly body: unknown;
}

interface Answer {
  readonly id: number;
  readonly body?: unknown;
  readonly error?: string;
}

/** A process of its own that answers one kind of question. */
export interface WorkerProcess<Asked, Answered> extends AsyncDisposable {
  ask(question: Asked): Promise<Answered>;
}

/** Starts a module that calls `answerQuestions`. */
export function workerProcess<Asked, Answered>(
  module: URL,
  execArgv: readonly string[] = [],
): WorkerProcess<Asked, Answered> {
  const child: ChildProcess = fork(fileURLToPath(module), {
    // The SDK's notice about old versions of node, once a process.
    execArgv: [...execArgv, '--no-warnings'],
  });
  const open = new Map<number, (answer: Answer) => void>();
  let ids = 0;
  child.on('message', (answer: Answer) => {
    open.get(answer.id)?.(answer);
    open.delete(answer.id);
  });
  child.once('exit', (code) => {
    for (const [id, settle] of open) settle({ id, error: `the process ended with ${code}` });
    open.clear();
  });
  return {
    ask: (body) =>
      new Promise((resolve, reject) => {
        ids += 1;
        open.set(ids, ({ body: answered, error }) => {
          if (error === undefined) resolve(answered as Answered);
          else reject(new Error(`${module.pathname}: ${error}`));
        });
        child.send({ id: ids, body } satisfies Question);
      }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };
}

/** Answers the questions of the process that started this one. */
export function answerQuestions<Asked, Answered>(
  answer: (asked: Asked) => Promise<Answered>,
): void {
  process.on('message', async ({ id, body }: Question) => {
    try {
      process.send?.({ id, body: await answer(body as Asked) } satisfies Answer);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once('disconnect', () => process.exit(0));
}
