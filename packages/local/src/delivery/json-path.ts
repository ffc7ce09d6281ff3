import { Token } from '../pattern/json-token.ts';
import { JsonTokens } from '../pattern/json-tokens.ts';

/**
 * The value that a path of EventBridge's subset of JSONPath names in a document, or
 * undefined where there is none. Names, indices and `*` are known; `[*]` collects the
 * values of all elements into a list. Both are JSON texts, so that every number keeps its
 * digits.
 * @throws Error where the path is none.
 */
export function jsonPath(path: string, document: string): string | undefined {
  let values = [document];
  let isList = false;
  for (const step of stepsOf(path)) {
    if (step === '*') isList = true;
    values = values.flatMap((value) => descend(value, step));
  }
  const found = isList ? `[${values.join(',')}]` : values[0];
  return found === undefined ? undefined : compactJson(found);
}

/** JSON text without the white space between its tokens. */
export function compactJson(json: string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s+/g, (token) =>
    token.startsWith('"') ? token : '',
  );
}

const stepPattern = /^(?:\.([^.[\]]+)|\[(\d+|\*)\]|\['([^']*)'\])/;

/** @throws Error where the path is none. */
export function stepsOf(path: string): readonly (string | number)[] {
  if (!path.startsWith('$')) throw new Error(`a path must begin with $, got ${path}`);
  const steps: (string | number)[] = [];
  for (let rest = path.slice(1); rest !== ''; ) {
    const found = stepPattern.exec(rest);
    if (found === null) throw new Error(`${path} is not a path that is understood here`);
    const [whole, name, index, quoted] = found;
    if (index !== undefined) steps.push(index === '*' ? '*' : Number(index));
    else steps.push(name ?? quoted ?? '');
    rest = rest.slice(whole.length);
  }
  return steps;
}

function descend(value: string, step: string | number): readonly string[] {
  const tokens = new JsonTokens(value);
  switch (tokens.next()) {
    case Token.objectStart: {
      const members = membersOf(tokens);
      if (step === '*') return [...members.values()];
      const found = typeof step === 'string' ? members.get(step) : undefined;
      return found === undefined ? [] : [found];
    }
    case Token.arrayStart: {
      const elements = elementsOf(tokens);
      if (step === '*') return elements;
      const found = typeof step === 'number' ? elements[step] : undefined;
      return found === undefined ? [] : [found];
    }
    default:
      return [];
  }
}

/** JSON texts of an object's members by name, or undefined where the text is no object. */
export function objectMembers(json: string): Map<string, string> | undefined {
  const tokens = new JsonTokens(json);
  return tokens.next() === Token.objectStart ? membersOf(tokens) : undefined;
}

/** Of a repeated name the last value counts. */
function membersOf(tokens: JsonTokens): Map<string, string> {
  const members = new Map<string, string>();
  while (tokens.next() !== Token.objectEnd) {
    const { name } = tokens;
    tokens.next();
    members.set(name, tokens.rawValue());
  }
  return members;
}

function elementsOf(tokens: JsonTokens): readonly string[] {
  const elements: string[] = [];
  while (tokens.next() !== Token.arrayEnd) elements.push(tokens.rawValue());
  return elements;
}
