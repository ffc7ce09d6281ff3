import type { EntryError } from '../protocol/put-events-entry.ts';

type Names = string | readonly string[];

/** One statement of a bus's resource policy. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: '*' | { readonly AWS?: Names; readonly Service?: Names };
  readonly Action?: Names;
  readonly Resource?: Names;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Names>>>>;
}

/** Who puts what, as the keys of a policy's conditions see it. */
export interface PolicySubject {
  readonly account: string;
  readonly organization: string | undefined;
  readonly source: string;
  readonly detailType: string;
  /** Set where a rule of that account sends the event. */
  readonly ruleArn?: string;
}

/**
 * Why a bus of another account does not take the event, or undefined where its policy
 * lets it in. A statement that would allow but for the event's source or detail type
 * gives the error that names which.
 */
export function policyRefusal(
  statements: Iterable<PolicyStatement>,
  subject: PolicySubject,
): EntryError | undefined {
  let allowed = false;
  let missed: string | undefined;
  for (const statement of statements) {
    if (!covers(statement.Action, 'events:PutEvents') || !isFor(statement, subject)) continue;
    const unmet = unmetKey(statement, subject);
    if (unmet === undefined) {
      if (statement.Effect === 'Deny') return denied;
      allowed ||= statement.Effect === 'Allow';
    } else if (statement.Effect === 'Allow') missed ??= unmet;
  }
  if (allowed) return undefined;
  if (missed === 'events:source') {
    return {
      code: 'NotAuthorizedForSourceException',
      message: 'Not authorized for the source.',
    };
  }
  if (missed === 'events:detail-type') {
    return {
      code: 'NotAuthorizedForDetailTypeException',
      message: 'Not authorized for the detail type.',
    };
  }
  return denied;
}

const denied: EntryError = {
  code: 'AccessDeniedException',
  message: 'The resource policy of the event bus does not allow events:PutEvents.',
};

function isFor(statement: PolicyStatement, subject: PolicySubject): boolean {
  const principal = statement.Principal;
  if (principal === undefined) return false;
  if (principal === '*') return true;
  const names = principal.AWS === undefined ? [] : [principal.AWS].flat();
  return names.some(
    (name) =>
      name === '*' || name === subject.account || name.includes(`:iam::${subject.account}:`),
  );
}

/** The first condition key that the subject does not meet. */
function unmetKey(statement: PolicyStatement, subject: PolicySubject): string | undefined {
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, wanted] of Object.entries(keys)) {
      if (!meets(operator, conditionValue(key.toLowerCase(), subject), [wanted].flat())) {
        return key.toLowerCase();
      }
    }
  }
  return undefined;
}

function conditionValue(key: string, subject: PolicySubject): string | undefined {
  switch (key) {
    case 'aws:principalorgid':
      return subject.organization;
    case 'aws:principalaccount':
    case 'aws:sourceaccount':
      return subject.account;
    case 'aws:sourcearn':
      return subject.ruleArn;
    case 'events:source':
      return subject.source;
    case 'events:detail-type':
      return subject.detailType;
    case 'events:eventbusinvocation':
      return String(subject.ruleArn !== undefined);
    default:
      return undefined;
  }
}

function meets(
  operator: string,
  actual: string | undefined,
  wanted: readonly (string | boolean)[],
): boolean {
  const base = operator.replace(/^For(Any|All)Values?:/, '').replace(/IfExists$/, '');
  if (actual === undefined) return operator.endsWith('IfExists') || /Not/.test(base);
  const equal = wanted.some((value) => String(value) === actual);
  const like = wanted.some((value) => isLike(String(value), actual));
  switch (base) {
    case 'StringEquals':
    case 'Bool':
      return equal;
    case 'StringEqualsIgnoreCase':
      return wanted.some((value) => String(value).toLowerCase() === actual.toLowerCase());
    case 'StringNotEquals':
      return !equal;
    case 'StringLike':
    case 'ArnLike':
    case 'ArnEquals':
      return like;
    case 'StringNotLike':
    case 'ArnNotLike':
    case 'ArnNotEquals':
      return !like;
    default:
      // A condition that is not understood never lets an event in.
      return false;
  }
}

function covers(patterns: Names | undefined, name: string): boolean {
  return patterns !== undefined && [patterns].flat().some((each) => isLike(each, name));
}

/**
 * Whether a text is like a pattern of a policy: `*` stands for any characters, `?` for one.
 * Its steps are at most the product of both lengths, whatever a policy holds.
 */
function isLike(pattern: string, text: string): boolean {
  let at = 0;
  let read = 0;
  let star = -1;
  let starRead = 0;
  while (read < text.length) {
    if (pattern[at] === '*') {
      star = at;
      starRead = read;
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === text[read]) {
      at += 1;
      read += 1;
    } else if (star !== -1) {
      // The latest star takes one more; the ones before it need not.
      at = star + 1;
      starRead += 1;
      read = starRead;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Whether a value parsed from a policy document is a statement. */
export function isPolicyStatement(value: unknown): value is PolicyStatement {
  if (!isObject(value)) return false;
  const { Sid, Effect, Principal, Action, Resource, Condition } = value;
  return (
    (Sid === undefined || typeof Sid === 'string') &&
    (Effect === 'Allow' || Effect === 'Deny') &&
    (Principal === undefined ||
      Principal === '*' ||
      (isObject(Principal) && Object.values(Principal).every(isNames))) &&
    [Action, Resource].every((each) => each === undefined || isNames(each)) &&
    (Condition === undefined ||
      (isObject(Condition) &&
        Object.values(Condition).every(
          (keys) => isObject(keys) && Object.values(keys).every(isConditionValue),
        )))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): boolean {
  return [value].flat().every((each) => typeof each === 'string');
}

function isConditionValue(value: unknown): boolean {
  return [value].flat().every((each) => ['string', 'boolean', 'number'].includes(typeof each));
}
