/**
 * The address as hexadecimal digits (8 for IPv4, 32 for IPv6), so that every
 * spelling of one address is the same string, and a range is a comparison of
 * strings. As the service has it: octets are decimal even with leading zeros,
 * and an IPv4-mapped IPv6 address (`::ffff:102:304`) is the IPv4 one. The dotted
 * form inside IPv6 is not an address to it. Undefined for any other text.
 */
export function ipAddress(text: string): string | undefined {
  if (text.length > 64) return undefined;
  if (text.includes(':')) return ipv6(text);
  return text.length <= 15 ? ipv4(text) : undefined;
}

/** Whether the service would try to read the text as an address, right or wrong. */
export function looksLikeAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(text);
}

function ipv4(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (first < 0x30 || first > 0x39 || !looksLikeAddress(text)) return undefined;
  let digits = '';
  for (const octet of text.split('.')) {
    if (Number(octet) > 255) return undefined;
    digits += hex(Number(octet), 2);
  }
  return digits;
}

function ipv6(text: string): string | undefined {
  if (!looksLikeAddress(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  // "::" stands for at least one group, so seven others leave it room.
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => '0');
  let digits = '';
  for (const group of [...head, ...zeros, ...(tail ?? [])]) {
    if (group === '' || Number.parseInt(group, 16) > 0xffff) return undefined;
    digits += hex(Number.parseInt(group, 16), 4);
  }
  const mapped = '00000000000000000000FFFF';
  return digits.startsWith(mapped) ? digits.slice(mapped.length) : digits;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0');
}
