/**
 * The value that a path of EventBridge's subset of JSONPath names in a document, or
 * undefined where there is none. Names, indices and `*` are known; `[*]` collects the
 * values of all elements into a list.
 * @throws Error where the path is none.
 */
export function jsonPath(path: string, document: unknown): unknown {
  let values: unknown[] = [document];
  let isList = false;
  for (const step of stepsOf(path)) {
    if (step === '*') isList = true;
    values = values.flatMap((value) => descend(value, step));
  }
  return isList ? values : values[0];
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

function descend(value: unknown, step: string | number): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Object.values(value);
  if (typeof step === 'number') {
    return Array.isArray(value) && step < value.length ? [value[step]] : [];
  }
  return !Array.isArray(value) && Object.hasOwn(value, step)
    ? [(value as Record<string, unknown>)[step]]
    : [];
}
