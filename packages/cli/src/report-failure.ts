import { reasonOf } from '@tidings/relay';

/** What a person can change, by name: a configuration file may load its own copy of a package. */
const SENTENCES = new Set(['ConfigurationError', 'ContractError', 'MaintenanceError', 'TakenOver']);

/**
 * Writes a failure to standard error as one sentence and returns the exit code. Of a defect
 * the stack is shown where TIDINGS_LOG_LEVEL is `debug` or `trace`.
 */
export function reportFailure(error: unknown): number {
  process.stderr.write(`tidings: ${withoutSecrets(sentenceOf(error))}\n`);
  const { TIDINGS_LOG_LEVEL: level } = process.env;
  if (error instanceof Error && !isExpected(error) && (level === 'debug' || level === 'trace')) {
    process.stderr.write(`${withoutSecrets(error.stack ?? '')}\n`);
  }
  return 1;
}

function sentenceOf(error: unknown): string {
  const [reason = ''] = reasonOf(error).split('\n');
  if (error instanceof Error && isExpected(error)) return reason;
  const kind = error instanceof Error ? error.name : typeof error;
  return (
    `unexpected ${kind}: ${reason}; run it again with TIDINGS_LOG_LEVEL=debug to see where, and ` +
    'report it if that is in Tidings'
  );
}

/** A sentence of our own, or what a server or the operating system answered with a code. */
function isExpected(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return SENTENCES.has(error.name) || (typeof code === 'string' && !code.startsWith('ERR_'));
}

/** Masks the credentials of URLs and of libpq's keywords, wherever they were given. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(:\/+[^\s:@/]*):[^\s@]*@/g, '$1:***@')
    .replaceAll(/(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&;]+)/gi, '$1***');
}
