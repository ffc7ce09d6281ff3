import { EventEmitter, once } from 'node:events';
import type { ChangeSource, Checkpoint, Position } from '@tidings/relay';
import type { LogLine } from './running-relay.ts';

/** A source that a test reads by hand, in the relay's place. */
export interface SourceReading<Change> {
  /** Everything that was read, in order. */
  readonly changes: readonly Change[];
  /** Bytes of each group, as the source counts them. */
  readonly groupBytes: readonly number[];
  readonly log: readonly LogLine[];
  /** Resolves when the predicate holds; looks again whenever something happens. */
  until(holds: () => boolean): Promise<void>;
  /** Resolves when something happens next. */
  next(): Promise<void>;
  logged(text: string): Promise<LogLine>;
  /** Confirms everything that was read, as if it had been published. */
  confirm(): Promise<void>;
  /** Confirms on its own from now on, as soon as something is read. */
  confirmAlways(): void;
  /** Stops without confirming, as a killed process would. */
  kill(): Promise<void>;
}

export function readSource<Change>(
  source: ChangeSource<Change>,
  onChange: (change: Change) => void = () => {},
): SourceReading<Change> {
  const changes: Change[] = [];
  const groupBytes: number[] = [];
  const log: LogLine[] = [];
  const happened = new EventEmitter();
  happened.setMaxListeners(0);
  const stopping = new AbortController();
  let position: Position | undefined;
  let always = false;
  let failure: unknown;
  const write =
    (level: LogLine['level']) =>
    (fields: object, message: string): void => {
      log.push({ level, message, fields: fields as Record<string, unknown> });
      happened.emit('something');
    };
  const logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };

  async function confirm(): Promise<void> {
    if (position !== undefined) await source.confirm(position as string as Checkpoint);
  }

  async function read(): Promise<void> {
    for await (const groups of source.read(stopping.signal, logger)) {
      for (const group of groups) {
        groupBytes.push(group.records.reduce((sum, { bytes }) => sum + bytes, 0));
        for (const { change } of group.records) {
          changes.push(change);
          onChange(change);
        }
        position = group.position ?? position;
      }
      // While the server is away nothing can be confirmed; the next time covers it.
      if (always) await confirm().catch(() => {});
      happened.emit('something');
    }
  }
  const reading = read().catch((error: unknown) => {
    failure = error;
    happened.emit('something');
  });

  async function next(): Promise<void> {
    if (failure !== undefined) throw failure;
    await once(happened, 'something');
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await next();
  }

  return {
    changes,
    groupBytes,
    log,
    until,
    next,
    async logged(text) {
      const find = (): LogLine | undefined => log.find(({ message }) => message.includes(text));
      await until(() => find() !== undefined);
      return find() as LogLine;
    },
    confirm,
    confirmAlways() {
      always = true;
    },
    async kill() {
      stopping.abort();
      await reading;
      await source.close();
    },
  };
}
