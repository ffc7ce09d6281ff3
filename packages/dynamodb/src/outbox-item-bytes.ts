type Attribute = Readonly<Record<string, unknown>>;

/** 21 bytes at most; two digits a byte, and one for the exponent, is never too little. */
function numberBytes(text: string): number {
  return Math.min(21, Math.ceil(text.replace(/[^0-9]/g, '').length / 2) + 2);
}

function sum(values: Iterable<unknown>, bytes: (value: unknown) => number): number {
  let total = 0;
  for (const value of values) total += bytes(value);
  return total;
}

function attributeBytes(attribute: unknown): number {
  const [type = '', value] = Object.entries(attribute as Attribute)[0] ?? [];
  switch (type) {
    case 'S':
      return Buffer.byteLength(value as string);
    case 'N':
      return numberBytes(value as string);
    case 'B':
      return (value as Uint8Array).byteLength;
    case 'SS':
      return sum(value as string[], (text) => Buffer.byteLength(text as string));
    case 'NS':
      return sum(value as string[], (text) => numberBytes(text as string));
    case 'BS':
      return sum(value as Uint8Array[], (bytes) => (bytes as Uint8Array).byteLength);
    case 'L':
      return 3 + sum(value as unknown[], (member) => 1 + attributeBytes(member));
    case 'M':
      return 3 + imageBytes(value as Attribute, (member) => 1 + attributeBytes(member));
    default:
      return 1;
  }
}

function plainBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number' || typeof value === 'bigint') return numberBytes(String(value));
  if (typeof value !== 'object' || value === null) return 1;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Set) return sum(value, plainBytes);
  if (Array.isArray(value)) return 3 + sum(value, (member) => 1 + plainBytes(member));
  return 3 + imageBytes(value as Attribute, (member) => 1 + plainBytes(member));
}

function imageBytes(image: Attribute, bytes: (value: unknown) => number): number {
  return sum(Object.keys(image), (name) => {
    return Buffer.byteLength(name as string) + bytes(image[name as string]);
  });
}

/** How an SDK client takes items: as DynamoDB's attributes, or as plain JavaScript values. */
export type ItemFormat = 'attributes' | 'document';

/**
 * What DynamoDB counts for an item, or a little more: names and values in UTF-8, numbers by
 * their digits. Source: DynamoDB developer guide, "DynamoDB item sizes and formats".
 */
export function itemBytes(item: Attribute, format: ItemFormat): number {
  return imageBytes(item, format === 'attributes' ? attributeBytes : plainBytes);
}
