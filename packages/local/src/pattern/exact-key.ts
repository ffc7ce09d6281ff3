import type { FieldValue } from './field-value.ts';
import type { Leaf } from './parse-pattern.ts';

/**
 * A leaf's matchers as hash keys, if all of them ask for one exact value: then a
 * value satisfies the leaf if, and only if, one of {@link keysOfValue} is among
 * them.
 */
export function keysOfLeaf(leaf: Leaf): ReadonlySet<string> | undefined {
  const keys = new Set<string>();
  for (const matcher of leaf.matchers) {
    switch (matcher.kind) {
      case 'string':
        keys.add(`"${matcher.value}`);
        break;
      case 'address':
        keys.add(`@${matcher.digits}`);
        break;
      case 'number':
        keys.add(numberKey(matcher.text, matcher.millionths));
        break;
      case 'literal':
        keys.add(matcher.text);
        break;
      default:
        return undefined;
    }
  }
  return keys;
}

/** The keys under which a value is found. `withAddresses` says whether any key is an address. */
export function keysOfValue(value: FieldValue, withAddresses: boolean): string[] {
  if (value.type === 'literal') return [value.text];
  if (value.type === 'number') return [numberKey(value.text, value.millionths)];
  const keys = [`"${value.text}`];
  const address = withAddresses ? value.address : undefined;
  if (address !== undefined) {
    keys.push(`@${address}`);
    // An IPv4 address also matches the IPv6 ones that begin with its digits.
    if (address.length > 8) keys.push(`@${address.slice(0, 8)}`);
  }
  return keys;
}

function numberKey(text: string, millionths: number | undefined): string {
  return millionths === undefined ? `=${text}` : `#${millionths}`;
}
