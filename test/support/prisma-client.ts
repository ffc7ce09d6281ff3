import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { type GetPrismaClientConfig, getPrismaClient } from '@prisma/client/runtime/client';

/** The part of a generated Prisma client that works without models. */
export interface PrismaClient {
  $transaction<Result>(work: (transaction: RawPrisma) => Promise<Result>): Promise<Result>;
  $executeRawUnsafe(text: string, ...values: unknown[]): PromiseLike<number>;
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
}

/** What Prisma hands to the function of an interactive transaction. */
export type RawPrisma = Pick<PrismaClient, '$executeRawUnsafe'>;

type Compilation = NonNullable<GetPrismaClientConfig['compilerWasm']>;
type Runtime = Awaited<ReturnType<Compilation['getRuntime']>>;

interface Wasm {
  readonly wasm: string;
}

/** WebAssembly is in Node, not in the types that these tests are compiled with. */
interface Compiler {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => unknown };
}

const require = createRequire(import.meta.url);
// These files of the package have no types.
const required = (file: string): Runtime & Wasm => require(`@prisma/client/runtime/${file}`);

/**
 * Makes a Prisma client of the real runtime, query compiler and `pg` driver adapter.
 * It says what `prisma generate` writes for a schema without models: the generator itself
 * wants a binary from the network, which a machine that runs the tests may not have.
 */
export function prismaClient(connectionString: string): PrismaClient {
  const config: GetPrismaClientConfig = {
    previewFeatures: [],
    clientVersion: '7.10.0',
    engineVersion: '',
    activeProvider: 'postgresql',
    inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
    runtimeDataModel: { models: {}, enums: {}, types: {} },
    parameterizationSchema: { strings: [], graph: 'AAAA' },
    compilerWasm: {
      getRuntime: async () => required('query_compiler_fast_bg.postgresql.js'),
      getQueryCompilerWasmModule: async () => {
        const { wasm } = required('query_compiler_fast_bg.postgresql.wasm-base64.js');
        return new (globalThis as unknown as Compiler).WebAssembly.Module(
          Buffer.from(wasm, 'base64'),
        );
      },
      importName: './query_compiler_fast_bg.js',
    },
  };
  const Client = getPrismaClient(config);
  return new Client({ adapter: new PrismaPg({ connectionString }) }) as unknown as PrismaClient;
}
