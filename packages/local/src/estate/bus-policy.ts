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
  const like = wanted.some((value) => wildcard(String(value)).test(actual));
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
  return patterns !== undefined && [patterns].flat().some((each) => wildcard(each).test(name));
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
