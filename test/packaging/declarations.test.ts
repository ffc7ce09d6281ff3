import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-5.6';
import { expect, test } from 'vitest';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

/** Declarations of all that users can import. */
async function entryPoints(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of await readdir(packages)) {
    const text = await readFile(join(packages, folder, 'package.json'), 'utf8');
    const { exports = {} } = JSON.parse(text) as { exports?: Record<string, { types?: string }> };
    for (const { types } of Object.values(exports)) {
      if (types !== undefined) found.push(join(packages, folder, types));
    }
  }
  return found;
}

// What is wrong with a declaration does not show at its users: the type is `any` for them.
test('declarations work from TypeScript 5.6 on', async () => {
  const rootNames = await entryPoints();
  expect(rootNames).toContainEqual(expect.stringMatching(/publisher.dist.lean\.d\.ts$/));
  const program = ts.createProgram({
    rootNames,
    options: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      noEmit: true,
      types: ['node'],
    },
  });
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(packages));
  expect(ours.length).toBeGreaterThan(rootNames.length);
  const complaints = ours
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(({ file, messageText }) => [
      file?.fileName,
      ts.flattenDiagnosticMessageText(messageText, ' '),
    ]);
  expect(complaints).toEqual([]);
});
