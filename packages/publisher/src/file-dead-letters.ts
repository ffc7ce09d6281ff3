import { type FileHandle, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deadLetterText, type ParkedLetter, parseDeadLetter } from './dead-letter-text.ts';
import type { DeadLetterStore } from './redrive.ts';

/** Letters that are handed out together. */
const BATCH = 100;

/**
 * Dead letters in a file, one line of JSON a letter; a letter counts as kept once the file
 * is on the disk. Several processes may park in the same file.
 *
 * `takeUp` first gives the file another name, `PATH.redriving`, and only then reads it, so
 * that nothing which is parked meanwhile is touched; what stays is parked again. After a
 * crash the next `takeUp` begins with that file: its letters may be delivered twice, none
 * is lost. Lines that are no letters stay as they are.
 */
export function fileDeadLetters(path: string): DeadLetterStore {
  const taken = `${path}.redriving`;

  async function append(text: string): Promise<void> {
    for (;;) {
      const file = await open(path, 'a+');
      try {
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

  async function takeLines(): Promise<readonly string[]> {
    if (!(await exists(taken))) {
      if (!(await exists(path))) return [];
      await inTurn(() => rename(path, taken));
      await syncFolder(path);
    }
    const text = await readFile(taken, 'utf8');
    return text.split('\n').filter((line) => line !== '');
  }

  return {
    park: (letters) => {
      const parkedAt = new Date();
      const lines = letters.map((letter) => `${deadLetterText(letter, parkedAt)}\n`);
      return inTurn(() => append(lines.join('')));
    },
    async takeUp(deliver) {
      const release = await lock(`${path}.lock`);
      try {
        const lines = await takeLines();
        for (let first = 0; first < lines.length; first += BATCH) {
          const batch = lines.slice(first, first + BATCH);
          const stay = await undelivered(batch, deliver);
          if (stay.length > 0) await inTurn(() => append(`${stay.join('\n')}\n`));
        }
        if (await exists(taken)) await unlink(taken);
        await syncFolder(path);
      } finally {
        await release();
      }
    },
  };
}

/** The lines of a batch that must stay. A delivery that throws keeps all of them. */
async function undelivered(
  lines: readonly string[],
  deliver: Parameters<DeadLetterStore['takeUp']>[0],
): Promise<readonly string[]> {
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

/** One redrive at a time. A lock whose process is gone is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(path, 'utf8').catch(() => ''));
      if (attempt > 0 || isRunning(owner)) {
        throw new Error(
          `Another redrive of these letters is running (process ${owner}); wait for it, or remove ${path}.`,
        );
      }
      await unlink(path).catch(() => {});
    }
  }
}

function isRunning(pid: number): boolean {
  // A file that holds no number yet is being written this moment.
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
