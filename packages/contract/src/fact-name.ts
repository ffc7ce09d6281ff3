import { ContractError } from './contract-error.ts';
import { isFollower, isParticle, isPast, participleOf, verbKind } from './verb-forms.ts';

/** Longest detail-type in characters that PutEvents takes. */
export const maxDetailTypeLength = 128;

/**
 * How a contract's name is judged: as a fact, or (for a domain word that no list of verbs
 * can know) as any name without a version.
 */
export type FactNameRule = 'past-tense' | 'not-a-verb';

const nameCharacters = /^[A-Za-z][A-Za-z0-9]*(?:[._ -][A-Za-z0-9]+)*$/;

// A capital in front tells the `V6` of `IPV6Enabled` from a version.
const versionInName = /[._ -]?(?:(?<=^|[._ -])v|(?<![A-Z])V)\d+(?:[._ -]\d+)*(?![a-z0-9])/;

/** `OrderPlaced` -> `Order`, `Placed`; `order.placed` -> `order`, `placed` */
function splitName(name: string): string[] {
  return name.split(/[._ -]|(?=[A-Z])/).filter((word) => word !== '');
}

function isFact(words: readonly string[]): boolean {
  const last = words.length - 1;
  const first = words[0] ?? '';
  for (const [index, word] of words.entries()) {
    if (index === last) {
      // `PlaceBid` and `PasswordReset` end alike: what starts with a verb is a command.
      const isUnchanged = participleOf(word) === word;
      const command = isUnchanged && index > 0 && verbKind(first) === 'verb';
      return isPast(word) && !command;
    }
    const next = words[index + 1] ?? '';
    if (isPast(word) && isFollower(next)) return true;
  }
  return false;
}

/** The fact that a command's name asks for: `PlaceOrder` -> `OrderPlaced`. */
function suggestFact(name: string, words: readonly string[]): string | undefined {
  const lower = words.map((word) => word.toLowerCase());
  if (lower.at(-1) === 'event' && isFact(lower.slice(0, -1)))
    return joinLike(name, words.slice(0, -1));
  const last = lower.length - 1;
  const particle = (index: number): boolean => isParticle(lower[index] ?? '');
  const tail = particle(last) ? last - 1 : last;
  const [atFirst, atTail] = [verbKind(lower[0]), verbKind(lower[tail])];
  if (atFirst === 'none' && atTail === 'none') return undefined;
  // `PlaceOrder` and `OrderPlace` alike are about placing.
  const verb = atFirst === 'verb' || (atFirst === 'noun' && atTail !== 'verb') ? 0 : tail;
  const end = verb < last && particle(verb + 1) ? verb + 2 : verb + 1;
  const past = participleOf(lower[verb] ?? '');
  const fact = [
    ...words.slice(0, verb),
    ...words.slice(end),
    /^[A-Z]/.test(words[verb] ?? '') ? past.charAt(0).toUpperCase() + past.slice(1) : past,
    ...words.slice(verb + 1, end),
  ];
  const suggestion = joinLike(name, fact);
  return suggestion === name ? undefined : suggestion;
}

/** Joins words with the separator that the name has between its own. */
function joinLike(name: string, words: readonly string[]): string {
  return words.join(/[._ -]/.exec(name)?.[0] ?? '');
}

/**
 * A detail-type names a fact in the past tense, `OrderPlaced` or `order.placed`, in at
 * most 128 characters and without a version. `rule` `'not-a-verb'` lifts the past tense.
 * @throws ContractError with the fact's name where a command was written.
 */
export function checkDetailType(
  detailType: unknown,
  rule: FactNameRule = 'past-tense',
): asserts detailType is string {
  if (typeof detailType !== 'string' || detailType === '') {
    throw new ContractError("detailType is missing: name the fact, such as 'OrderPlaced'");
  }
  if (detailType.length > maxDetailTypeLength) {
    throw new ContractError(
      `detailType must be at most ${maxDetailTypeLength} characters, got ${detailType.length}: shorten it`,
    );
  }
  if (!nameCharacters.test(detailType)) {
    throw new ContractError(
      `detailType '${detailType}' is no name: write letters and digits, such as 'OrderPlaced' or 'order.placed'`,
    );
  }
  const words = splitName(detailType);
  if (versionInName.test(detailType)) {
    throw new ContractError(
      `detailType '${detailType}' carries a version: write '${detailType.replace(versionInName, '').replace(/^[._ -]/, '')}' and keep the version in metadata`,
    );
  }
  if (rule === 'not-a-verb' || isFact(words.map((word) => word.toLowerCase()))) return;
  const suggestion = suggestFact(detailType, words);
  throw new ContractError(
    suggestion === undefined
      ? `detailType '${detailType}' names no fact: write what happened in the past tense, such as 'OrderPlaced', or set factName: 'not-a-verb'`
      : `detailType '${detailType}' is a command: write the fact, '${suggestion}'`,
  );
}
