import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** True when any user may enter a folder, by the permissions of it and all above it. */
export async function othersMayEnter(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
