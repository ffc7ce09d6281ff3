import { ServiceError } from './service-error.ts';
import { validationError, violation } from './validation-error.ts';

/** What the service demands of one value of an input, and says when it does not hold. */
export type Shape =
  | TextShape
  | IntegerShape
  | { readonly kind: 'boolean' }
  | { readonly kind: 'time' }
  | { readonly kind: 'any' }
  | ListShape<Shape>
  | MapShape
  | ObjectShape<Fields>;

export interface TextShape {
  readonly kind: 'text';
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly values?: readonly string[];
  /** True where any case of `values` is taken, and becomes theirs. */
  readonly ignoresCase?: boolean;
}
export interface IntegerShape {
  readonly kind: 'integer';
  readonly min?: number;
  readonly max?: number;
}
export interface ListShape<Item extends Shape> {
  readonly kind: 'list';
  readonly item: Item;
  readonly min?: number;
  readonly max?: number;
}
export interface MapShape {
  readonly kind: 'map';
  readonly item: TextShape;
  readonly max?: number;
}
export interface ObjectShape<F extends Fields> {
  readonly kind: 'object';
  readonly fields: F;
}
export type Fields = Readonly<Record<string, Shape | RequiredField<Shape>>>;
/** A field that must be there. */
export interface RequiredField<S extends Shape> {
  readonly kind: 'required';
  readonly shape: S;
}

/** The type of a value that has the shape. */
export type ValueOf<S> = S extends TextShape
  ? string
  : S extends IntegerShape
    ? number
    : S extends { readonly kind: 'boolean' }
      ? boolean
      : S extends { readonly kind: 'time' }
        ? number
        : S extends ListShape<infer Item>
          ? readonly ValueOf<Item>[]
          : S extends MapShape
            ? Readonly<Record<string, string>>
            : S extends ObjectShape<infer F>
              ? InputOf<F>
              : unknown;

/** The type of an input whose fields are these. */
export type InputOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends RequiredField<Shape>
    ? K
    : never]: F[K] extends RequiredField<infer S> ? ValueOf<S> : never;
} & {
  readonly [K in keyof F as F[K] extends RequiredField<Shape> ? never : K]?:
    | ValueOf<F[K]>
    | undefined;
};

export const text = (limits: Omit<TextShape, 'kind'> = {}): TextShape => ({
  kind: 'text',
  ...limits,
});
export const integer = (limits: Omit<IntegerShape, 'kind'> = {}): IntegerShape => ({
  kind: 'integer',
  ...limits,
});
export const boolean: { readonly kind: 'boolean' } = { kind: 'boolean' };
export const time: { readonly kind: 'time' } = { kind: 'time' };
export const any: { readonly kind: 'any' } = { kind: 'any' };
export const list = <Item extends Shape>(
  item: Item,
  limits: { readonly min?: number; readonly max?: number } = {},
): ListShape<Item> => ({ kind: 'list', item, ...limits });
export const map = (item: TextShape, limits: { readonly max?: number } = {}): MapShape => ({
  kind: 'map',
  item,
  ...limits,
});
export const object = <F extends Fields>(fields: F): ObjectShape<F> => ({ kind: 'object', fields });
export const required = <S extends Shape>(shape: S): RequiredField<S> => ({
  kind: 'required',
  shape,
});

/**
 * Checks an input as the service does: every violation is found, and told in one
 * message.
 * @throws ServiceError `SerializationException` for a wrong JSON type,
 * `ValidationException` for anything else.
 */
export function checkInput<F extends Fields>(fields: F, input: unknown): InputOf<F> {
  const violations: string[] = [];
  visit(object(fields), input, '', violations);
  if (violations.length > 0) throw validationError(violations);
  return known(object(fields), input) as InputOf<F>;
}

/** A checked value with the fields that its shape has; one that is null counts as absent. */
function known(shape: Shape, value: unknown): unknown {
  if (shape.kind === 'list') return (value as unknown[]).map((item) => known(shape.item, item));
  if (shape.kind === 'text') return inCaseOf(shape, value as string);
  if (shape.kind !== 'object') return value;
  const given = new Map(Object.entries(value as object));
  return Object.fromEntries(
    Object.entries(shape.fields).flatMap(([name, field]) => {
      const member: unknown = given.get(name) ?? undefined;
      if (member === undefined) return [];
      return [[name, known(field.kind === 'required' ? field.shape : field, member)]];
    }),
  );
}

/** What is wrong with one value, in the service's words and order. */
export function violationsOf(shape: Shape, value: unknown, path: string): readonly string[] {
  const violations: string[] = [];
  visit(shape, value, path, violations);
  return violations;
}

/** Whether a text has the shape; for the hot path, where nearly every one has. */
export function satisfies(shape: TextShape, value: string): boolean {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern, values } = shape;
  return (
    value.length >= min &&
    value.length <= max &&
    (pattern === undefined || matcherOf(pattern).test(value)) &&
    (values === undefined || values.includes(value))
  );
}

function visit(shape: Shape, value: unknown, path: string, violations: string[]): void {
  const violate = (constraint: string): void => {
    const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
    violations.push(violation(shown, path, constraint));
  };
  const length = (size: number, limits: { readonly min?: number; readonly max?: number }): void => {
    if (limits.max !== undefined && size > limits.max) {
      violate(`Member must have length less than or equal to ${limits.max}`);
    }
    if (limits.min !== undefined && size < limits.min) {
      violate(`Member must have length greater than or equal to ${limits.min}`);
    }
  };
  switch (shape.kind) {
    case 'text':
      if (typeof value !== 'string') throw wrongType(path, 'a string');
      // In the order in which the service names them.
      if (shape.pattern !== undefined && !matcherOf(shape.pattern).test(value)) {
        violate(`Member must satisfy regular expression pattern: ${shape.pattern}`);
      }
      length(value.length, shape);
      if (shape.values !== undefined && !shape.values.includes(inCaseOf(shape, value))) {
        violate(`Member must satisfy enum value set: [${shape.values.join(', ')}]`);
      }
      return;
    case 'integer':
      if (!Number.isInteger(value)) throw wrongType(path, 'an integer');
      if (shape.max !== undefined && Number(value) > shape.max) {
        violate(`Member must have value less than or equal to ${shape.max}`);
      }
      if (shape.min !== undefined && Number(value) < shape.min) {
        violate(`Member must have value greater than or equal to ${shape.min}`);
      }
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(path, 'a boolean');
      return;
    case 'time':
      if (typeof value !== 'number') throw wrongType(path, 'a number of seconds');
      return;
    case 'any':
      return;
    case 'list':
      if (!Array.isArray(value)) throw wrongType(path, 'a list');
      length(value.length, shape);
      for (const [index, item] of value.entries()) {
        visit(shape.item, item, `${path}.${index + 1}.member`, violations);
      }
      return;
    case 'map':
      if (!isObject(value)) throw wrongType(path, 'an object');
      length(Object.keys(value).length, shape);
      for (const [key, item] of Object.entries(value)) {
        visit(shape.item, item, `${path}.${key}.member`, violations);
      }
      return;
    case 'object':
      if (!isObject(value)) throw wrongType(path === '' ? 'the input' : path, 'an object');
      for (const [name, field] of Object.entries(shape.fields)) {
        const camel = name.charAt(0).toLowerCase() + name.slice(1);
        const inner = path === '' ? camel : `${path}.${camel}`;
        const member = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null;
        if (member !== null && member !== undefined) {
          visit(field.kind === 'required' ? field.shape : field, member, inner, violations);
        } else if (field.kind === 'required') {
          violations.push(violation(null, inner, 'Member must not be null'));
        }
      }
  }
}

function inCaseOf(shape: TextShape, value: string): string {
  return shape.ignoresCase === true ? value.toUpperCase() : value;
}

const matchers = new Map<string, RegExp>();

function matcherOf(pattern: string): RegExp {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    matcher = new RegExp(`^(?:${pattern})$`, 's');
    matchers.set(pattern, matcher);
  }
  return matcher;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(path: string, expected: string): ServiceError {
  return new ServiceError('SerializationException', `${path} must be ${expected}.`);
}
