import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Prints `N passed, N failed` as the last line of a run, and `, N skipped`
 * where a test did not run. A module that cannot be loaded, an unhandled error
 * and an interrupted run each count as a failure.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    let passed = 0;
    let failed = unhandled.length;
    let skipped = 0;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'skipped') skipped += 1;
        else failed += 1;
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
    }
    if (failed === 0 && reason !== 'passed') failed = 1;
    const tail = skipped === 0 ? '' : `, ${skipped} skipped`;
    // The default reporter prints its summary in the same hook; the line must
    // come after it.
    process.once('exit', () => {
      process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`);
    });
  }
}
