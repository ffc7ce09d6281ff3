import { randomUUID } from 'node:crypto';
import { open, readFile, rename, stat, unlink } from 'node:fs/promises';

/** Older than this, a lock that names no owner was left by a crash while it was written. */
const WRITTEN_WITHIN_MS = 10_000;

/**
 * Takes a lock file for this process. One whose process is gone is taken over, by one
 * process only.
 * @returns What gives it back.
 * @throws Error where another one holds it.
 */
export async function lockFile(path: string, what: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${(await startOf(process.pid)) ?? ''}`.trim();
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(mine);
      await file.close();
      return async () => {
        // Somebody may have removed it by hand, and another process may hold it since.
        if ((await readFile(path, 'utf8').catch(() => undefined)) === mine) await unlink(path);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readFile(path, 'utf8').catch(() => undefined);
    if (owner === undefined) continue;
    if (await isHeld(path, owner)) {
      const [pid = ''] = owner.split(' ');
      throw new Error(
        `Another ${what} is running (process ${pid}); wait for it, or remove ${path}.`,
      );
    }
    await removeStale(path, owner);
  }
}

/** Two that find the same lock left behind must not both remove it, or the later removes a live one. */
async function removeStale(path: string, owner: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => owner);
  // It was replaced between the look and the move: its owner gets it back.
  if (moved === owner) await unlink(aside);
  else await rename(aside, path);
}

async function isHeld(path: string, owner: string): Promise<boolean> {
  const [pidText = '', started] = owner.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) {
    const written = await stat(path).catch(() => undefined);
    return written !== undefined && Date.now() - written.mtimeMs < WRITTEN_WITHIN_MS;
  }
  if (!isRunning(pid)) return false;
  // Another process may have got the number of one that is gone, as after a restart of a
  // container, in which it is always 1.
  const start = await startOf(pid);
  return started === undefined || start === undefined || start === started;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, in ticks since the machine did; undefined where that is not told. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The program's name, in parentheses, may hold spaces. Start time is the 22nd field.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}
