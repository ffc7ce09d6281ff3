import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, reasonOf } from '@tidings/relay';

/** A file whose default export is wanted. */
export interface DefaultExportRequest {
  readonly file: string;
  /** For the sentence about a missing file: `a relay config`. */
  readonly kind: string;
  /** What to write: `export default defineRelay({ ... })`. */
  readonly example: string;
  /** Reads the file again, whatever was loaded before. Default false. */
  readonly afresh?: boolean;
}

/** What Node loads by itself. */
const javascript = /\.[cm]?js$/;

/**
 * Loads the object that a TypeScript or JavaScript file exports by default.
 * @throws ConfigurationError where there is no such file, it cannot be loaded, it exports
 * nothing by default, or something else than an object.
 */
export async function loadDefaultExport(request: DefaultExportRequest): Promise<object> {
  const { file, kind, example } = request;
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new ConfigurationError(`there is no file ${path}; give the path of ${kind}`);
  }
  const module = await load(path, request.afresh === true);
  const exported = defaultOf(module);
  if (exported === undefined) {
    throw new ConfigurationError(`${file} has no default export; write \`${example}\``);
  }
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported)) {
    const what = Array.isArray(exported) ? 'a list' : exported === null ? 'null' : typeof exported;
    throw new ConfigurationError(
      `the default export of ${file} is ${what === typeof exported ? `a ${what}` : what}; write ` +
        `\`${example}\``,
    );
  }
  if (typeof (exported as { readonly then?: unknown }).then === 'function') {
    throw new ConfigurationError(
      `the default export of ${file} is a promise; await it, as in ` +
        `\`${example.replace('default ', 'default await ')}\``,
    );
  }
  return exported;
}

async function load(path: string, afresh: boolean): Promise<object> {
  const url = pathToFileURL(path).href;
  try {
    // A transpiler that was loaded once stays in memory for as long as the relay runs.
    if (javascript.test(path) && !afresh) return (await import(url)) as object;
    // Only the file itself is transpiled: packages that it imports are loaded by Node,
    // so that they are the same modules as this process's own.
    const { createJiti } = await import('jiti');
    const jiti = createJiti(url, {
      ...{ fsCache: false, tryNative: false, moduleCache: !afresh },
      // Otherwise a module without a default export is its own.
      interopDefault: false,
    });
    return (await jiti.import(path)) as object;
  } catch (error) {
    if (error instanceof Error && /^(Configuration|Contract)Error$/.test(error.name)) throw error;
    throw new ConfigurationError(`cannot load ${path}: ${firstLineOf(reasonOf(error))}`);
  }
}

/** What follows the first line of a syntax error is where, and then a piece of the file. */
function firstLineOf(reason: string): string {
  const [first = '', second = ''] = reason.split('\n').map((line) => line.trim());
  const place = /:(\d+):(\d+)$/.exec(second);
  return place === null ? first : `${first} (line ${place[1]})`;
}

/** Undefined where there is none. A CommonJS module is its own, or has one of a transpiler. */
function defaultOf(module: object): unknown {
  const { default: exported, ...rest } = module as Exports;
  const isModule = (module as Exports).__esModule === true || isNamespace(module);
  if (!('default' in module))
    return isModule || Object.keys(rest).length === 0 ? undefined : module;
  const inner = exported as Exports | null | undefined;
  return inner?.__esModule === true && 'default' in inner ? inner.default : exported;
}

interface Exports {
  readonly __esModule?: boolean;
  readonly default?: unknown;
}

function isNamespace(module: object): boolean {
  return Object.prototype.toString.call(module) === '[object Module]';
}
