/** Tells the placeholder that Debezium writes for a large column that did not change. */
export type IsUnavailable = (value: unknown) => boolean;

/**
 * Looks for the connector's `unavailable.value.placeholder`: as it is in text, in base64 in
 * bytes, as the only element of an array or member of a map, and byte by byte in an array
 * of numbers.
 */
export function unavailableValue(placeholder: string): IsUnavailable {
  const bytes = [...Buffer.from(placeholder)];
  const texts = new Set([
    placeholder,
    Buffer.from(placeholder).toString('base64'),
    Buffer.from(placeholder).toString('base64url'),
    Buffer.from(placeholder).toString('hex'),
  ]);
  return (value) => {
    if (typeof value === 'string') return texts.has(value);
    if (Array.isArray(value)) {
      if (value.length === 1) return texts.has(value[0]);
      return value.length === bytes.length && value.every((each, i) => each === bytes[i]);
    }
    if (typeof value !== 'object' || value === null) return false;
    const names = Object.keys(value);
    return names.length === 1 && names[0] === placeholder;
  };
}
