import type { MessageAttribute, MessageAttributes } from './message.ts';
import { invalidParameter } from './sqs-error.ts';

const maxAttributes = 10;
/** What XML cannot hold is refused in bodies and attributes alike. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const forbidden = /[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function hasForbiddenCharacter(value: string): boolean {
  return forbidden.test(value);
}

/** @throws ServiceError that names the first attribute which is none. */
export function checkMessageAttributes(given: unknown): MessageAttributes {
  if (given === undefined) return {};
  const entries = Object.entries(given as Record<string, unknown>);
  if (entries.length > maxAttributes) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${maxAttributes}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, checkAttribute(name, value)]));
}

/** Bytes of attributes as the service counts them: names, types and values. */
export function bytesOfAttributes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes +=
      BinaryValue === undefined
        ? Buffer.byteLength(StringValue ?? '')
        : Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
}

function checkAttribute(name: string, value: unknown): MessageAttribute {
  checkName(name);
  const attribute = (value ?? {}) as Partial<Record<keyof MessageAttribute, unknown>>;
  const { DataType: type, StringValue: string, BinaryValue: binary } = attribute;
  if (typeof type !== 'string' || type === '') {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute type.`,
    );
  }
  const base = /^(String|Number|Binary)(?:\.|$)/.exec(type)?.[1];
  if (base === undefined) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const content = base === 'Binary' ? binary : string;
  if (typeof content !== 'string' || content === '') {
    throw invalidParameter(
      `Message (user) attribute '${name}' must contain a non-empty value of type '${base}'.`,
    );
  }
  if (base === 'Binary') return { DataType: type, BinaryValue: content };
  if (hasForbiddenCharacter(content)) {
    throw invalidParameter(
      `Invalid characters found in the value of message (user) attribute '${name}'.`,
    );
  }
  if (base === 'Number' && !Number.isFinite(Number(content))) {
    throw invalidParameter(
      `Can't cast the value of message (user) attribute '${name}' to a number.`,
    );
  }
  return { DataType: type, StringValue: content };
}

function checkName(name: string): void {
  const isReserved = /^(?:aws|amazon)\./i.test(name);
  if (isReserved || name.length > 256 || !/^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*$/u.test(name)) {
    throw invalidParameter(
      isReserved
        ? `You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use: '${name}'.`
        : `Invalid attribute name '${name}': it can contain letters, digits, underscores, hyphens and single periods between them, and have 256 characters.`,
    );
  }
}
