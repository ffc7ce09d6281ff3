import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Figure } from '../support/figure.ts';
import { median } from '../support/median.ts';

const KB = 1000;

interface Bundle {
  readonly source: string;
  readonly external: readonly string[];
  readonly banner?: string;
}

/** The SDK's client holds CommonJS packages, which call require inside an ES module. */
const requireBanner =
  "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";

const bundles = {
  publisher: {
    source: `export { defineEvent } from '@tidings/contract';
export { eventBridgePublisher } from '@tidings/publisher';`,
    external: ['@aws-sdk/*', 'zod'],
  },
  lean: {
    source: `import { defineEvent } from '@tidings/contract';
import { leanPublisher } from '@tidings/publisher/lean';
export const handler = (schema) => [
  defineEvent({ source: 'com.acme.orders', detailType: 'OrderPlaced', version: '1.0', data: schema, idempotencyKey: () => 'key' }),
  leanPublisher({ eventBusName: 'orders', region: 'eu-west-1' }),
];`,
    external: ['zod'],
  },
  sdk: {
    source: `import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
export const handler = () => [new EventBridgeClient({ region: 'eu-west-1' }), PutEventsCommand];`,
    external: [],
    banner: requireBanner,
  },
} satisfies Readonly<Record<string, Bundle>>;

type BundleName = keyof typeof bundles;

/** Bundles as a Lambda's build makes them; resolved from here, where all packages are. */
async function bundleInto(folder: string, name: BundleName): Promise<string> {
  const { source, external, banner = '' }: Bundle = bundles[name];
  const outfile = join(folder, `${name}.mjs`);
  await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: [...external],
    banner: { js: banner },
    logLevel: 'error',
  });
  return outfile;
}

const run = promisify(execFile);

/** Milliseconds that a fresh process takes to import a module. */
async function importMs(file: string): Promise<number> {
  const program = `const t = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); process.stdout.write(String(performance.now() - t));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  return Number(stdout);
}

async function gzipKb(file: string): Promise<number> {
  return gzipSync(await readFile(file), { level: 9 }).byteLength / KB;
}

/** Sizes of bundles, and how long a cold start needs to import them. */
export async function footprintFigures(starts: number): Promise<readonly Figure[]> {
  const folder = await mkdtemp(fileURLToPath(new URL('./bundles-', import.meta.url)));
  try {
    const publisher = await bundleInto(folder, 'publisher');
    const lean = await bundleInto(folder, 'lean');
    const sdk = await bundleInto(folder, 'sdk');
    await writeFile(join(folder, 'empty.mjs'), '');
    const leanStarts: number[] = [];
    const sdkStarts: number[] = [];
    for (let turn = 0; turn < starts; turn += 1) {
      leanStarts.push(await importMs(lean));
      sdkStarts.push(await importMs(sdk));
    }
    const sdkKb = await gzipKb(sdk);
    return [
      {
        name: 'contract + publisher, SDK and zod external, gzip',
        measured: await gzipKb(publisher),
        target: { most: 20 },
        unit: 'KB',
        detail: {},
      },
      {
        name: 'contract + publisher/lean, all but zod, gzip',
        measured: await gzipKb(lean),
        target: { most: 30 },
        unit: 'KB',
        detail: { 'EventBridgeClient and PutEventsCommand alone, KB': sdkKb },
      },
      {
        name: 'contract + publisher/lean, import in a fresh process',
        measured: median(leanStarts),
        target: { most: 25 },
        unit: 'ms',
        detail: { 'SDK client, bundled, ms': median(sdkStarts), runs: leanStarts },
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
