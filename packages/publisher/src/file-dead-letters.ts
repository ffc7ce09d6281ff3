import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deadLetterText, type ParkedLetter, parseDeadLetter } from './dead-letter-text.ts';
import { lockFile } from './file-lock.ts';
import { linesOf } from './lines-of.ts';
import type { DeadLetterStore } from './redrive.ts';

/** Letters that are handed out together, and about how many characters of them. */
const BATCH = 100;
const BATCH_CHARACTERS = 16 * 1024 * 1024;

/** For its owner only: letters hold the data of events. */
const MODE = 0o600;

/**
 * Dead letters in a file, one line of JSON a letter; a letter counts as kept once the file
 * is on the disk. Several processes may park in the same file. It is made for its owner alone
 * (0600); one that others may read is used as it is, with a warning of the process.
 *
 * `takeUp` first gives the file another name, `PATH.redriving`, and only then reads it, so
 * that nothing which is parked meanwhile is touched; what stays is parked again. After a
 * crash the next `takeUp` begins with that file: its letters may be delivered twice, none
 * is lost. Lines that are no letters stay as they are.
 */
export function fileDeadLetters(path: string): DeadLetterStore {
  if (typeof path !== 'string' || path === '') {
    throw new RangeError('fileDeadLetters needs the path of a file, such as ./dead-letters.jsonl');
  }
  const taken = `${path}.redriving`;
  let isWarned = false;

  async function warnIfOpen(file: FileHandle): Promise<void> {
    const { mode } = await file.stat();
    if (isWarned || process.platform === 'win32' || (mode & 0o077) === 0) return;
    isWarned = true;
    const shown = (mode & 0o777).toString(8);
    process.emitWarning(
      `Others may read the dead letters in ${path} (mode ${shown}); run chmod 600 ${path}`,
      'TidingsWarning',
    );
  }

  async function append(text: string): Promise<void> {
    for (;;) {
      const file = await open(path, 'a+', MODE);
      try {
        await warnIfOpen(file);
        // A line that a crash has cut off must not swallow the next one.
        const start = (await endsInLine(file)) ? '' : '\n';
        await file.appendFile(start + text);
        await file.sync();
        // A redrive that renamed the file just now may have read it already.
        if (await isStill(file, path)) break;
      } finally {
        await file.close();
      }
    }
    await syncFolder(path);
  }

  // Within a process one after the other: appends must not interleave with a rename.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  }

  /** Gives the letters that are there now another name; false where there are none. */
  async function take(): Promise<boolean> {
    if (await exists(taken)) return true;
    if (!(await exists(path))) return false;
    await inTurn(() => rename(path, taken));
    await syncFolder(path);
    return true;
  }

  async function redriveTaken(deliver: Deliver): Promise<void> {
    let batch: string[] = [];
    let characters = 0;
    const handOut = async (): Promise<void> => {
      const stay = await undelivered(batch, deliver);
      if (stay.length > 0) await inTurn(() => append(`${stay.join('\n')}\n`));
      batch = [];
      characters = 0;
    };
    for await (const line of linesOf(taken)) {
      batch.push(line);
      characters += line.length;
      if (batch.length >= BATCH || characters >= BATCH_CHARACTERS) await handOut();
    }
    if (batch.length > 0) await handOut();
    await unlink(taken);
    await syncFolder(path);
  }

  return {
    park: (letters) => {
      const parkedAt = new Date();
      const lines = letters.map((letter) => `${deadLetterText(letter, parkedAt)}\n`);
      return inTurn(() => append(lines.join('')));
    },
    async takeUp(deliver) {
      const release = await lockFile(`${path}.lock`, 'redrive of these letters');
      try {
        if (await take()) await redriveTaken(deliver);
      } finally {
        await release();
      }
    },
  };
}

type Deliver = Parameters<DeadLetterStore['takeUp']>[0];

/** The lines of a batch that must stay. A delivery that throws keeps all of them. */
async function undelivered(lines: readonly string[], deliver: Deliver): Promise<readonly string[]> {
  const letters: ParkedLetter[] = [];
  const places: number[] = [];
  for (const [place, line] of lines.entries()) {
    const parked = parseDeadLetter(line);
    if (parked === undefined) continue;
    letters.push(parked);
    places.push(place);
  }
  const done = new Set<number>();
  const answers = await deliver(letters);
  for (const [index, isDone] of answers.entries()) {
    const place = places[index];
    if (isDone && place !== undefined) done.add(place);
  }
  return lines.filter((_, place) => !done.has(place));
}

async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

async function isStill(file: FileHandle, path: string): Promise<boolean> {
  const [opened, named] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return named !== undefined && opened.ino === named.ino && opened.dev === named.dev;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A new or renamed file is on the disk only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
