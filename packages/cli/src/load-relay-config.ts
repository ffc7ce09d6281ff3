import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, defineRelay, type RelaySettings, reasonOf } from '@tidings/relay';

/**
 * Loads a relay configuration, TypeScript or JavaScript.
 * @throws ConfigurationError when there is no such file, it cannot be loaded, or what
 * it exports is no relay.
 */
export async function loadRelayConfig(file: string): Promise<RelaySettings<unknown>> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new ConfigurationError(`there is no file ${path}; give the path of a relay config`);
  }
  const exported = await importDefault(path);
  if (exported === undefined || exported === null || typeof exported !== 'object') {
    throw new ConfigurationError(
      `${file} has no default export; write \`export default defineRelay({ ... })\``,
    );
  }
  return defineRelay(exported as RelaySettings<unknown>);
}

/** What Node loads by itself. */
const javascript = /\.[cm]?js$/;

async function importDefault(path: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  try {
    // A transpiler that was loaded once stays in memory for as long as the relay runs.
    if (javascript.test(path))
      return ((await import(url)) as { readonly default?: unknown }).default;
    // Only the file itself is transpiled: packages that it imports are loaded by Node,
    // so that they are the same modules as this process's own.
    const { createJiti } = await import('jiti');
    return await createJiti(url, { fsCache: false, tryNative: false }).import(path, {
      default: true,
    });
  } catch (error) {
    if (error instanceof Error && /^(Configuration|Contract)Error$/.test(error.name)) throw error;
    throw new ConfigurationError(`cannot load ${path}: ${reasonOf(error)}`);
  }
}
