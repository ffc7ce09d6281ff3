import { type Command, CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { reportFailure, withoutSecrets } from './report-failure.ts';

/**
 * Runs one command line and returns the exit code: 0 where it did what was asked, 1 where it
 * could not, with one sentence on standard error.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = createProgram();
  tame(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Already said, by `outputError` or as the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    return reportFailure(error);
  }
}

/** Commander would end the process, and repeat what was typed, a password too. */
function tame(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`tidings: ${usageSentence(text, nameOf(command))}\n`),
  });
  for (const each of command.commands) tame(each);
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** `unknown option '--conection' (Did you mean --connection?); see tidings outbox migrate --help` */
function usageSentence(text: string, command: string): string {
  const sentence = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    // A value that was not asked for may be one that nobody should see.
    .replace(/^(unknown (?:command|option)) '([\s\S]*?)'(?= \(Did|$)/, (_, what, given: string) => {
      const [word = ''] = given.split('=');
      return /^-{0,2}[a-z][a-z-]*$/i.test(word) ? `${what} '${word}'` : what;
    })
    .replace(/\.$/, '');
  return withoutSecrets(`${sentence}; see ${command} --help`);
}
