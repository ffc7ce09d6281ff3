import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The relay worker as a process of its own. */
export interface RelayProcess {
  readonly pid: number;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** The last lines that it wrote. */
  log(): string;
  /** Resolves when a line of its log holds `text`. @throws Error when it ends before. */
  logged(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const config = join(dirname(fileURLToPath(import.meta.url)), '..', 'relay.config.ts');

/** Runs `tidings relay run`, by default with this example's configuration. */
export function startRelayProcess(
  environment: Readonly<Record<string, string>>,
  configFile: string = config,
): RelayProcess {
  const cli = dirname(createRequire(import.meta.url).resolve('@tidings/cli/package.json'));
  const main = join(cli, 'dist', 'main.js');
  const child: ChildProcess = spawn(process.execPath, [main, 'relay', 'run', configFile], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C reaches the whole terminal group; the relay stops when it is told to.
    detached: true,
  });
  let log = '';
  const collect = (text: string): void => {
    log = (log + text).slice(-200_000);
    child.emit('logged');
  };
  child.stdout?.setEncoding('utf8').on('data', collect);
  child.stderr?.setEncoding('utf8').on('data', collect);
  const exited = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
  );
  return {
    pid: child.pid ?? 0,
    exited,
    log: () => log,
    async logged(text): Promise<void> {
      let over = false;
      void exited.then(() => {
        over = true;
        child.emit('logged');
      });
      while (!log.includes(text)) {
        if (over) throw new Error(`the relay ended before it logged "${text}":\n${log}`);
        await once(child, 'logged');
      }
    },
    kill: (signal) => void child.kill(signal),
  };
}
