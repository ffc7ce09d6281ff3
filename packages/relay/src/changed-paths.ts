import { isDeepStrictEqual } from 'node:util';
import type { Row } from './row-change.ts';

function isPlain(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function compareMembers(before: Row, now: Row, path: string, paths: string[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const member = path === '' ? key : `${path}.${key}`;
    if (Object.hasOwn(before, key) && Object.hasOwn(now, key)) {
      compare(before[key], now[key], member, paths);
    } else paths.push(member);
  }
}

function compare(before: unknown, now: unknown, path: string, paths: string[]): void {
  if (isPlain(before) && isPlain(now)) compareMembers(before, now, path, paths);
  else if (Array.isArray(before) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(before.length, now.length); index++) {
      const element = `${path}[${index}]`;
      if (index < before.length && index < now.length) {
        compare(before[index], now[index], element, paths);
      } else paths.push(element);
    }
  } else if (!isDeepStrictEqual(before, now)) paths.push(path);
}

/**
 * Where two images of a row differ: `status`, `address.city`, `lines[2].quantity`. A value
 * that is there in one image only is one path, whatever lies beneath it.
 */
export function changedPaths(before: Row, now: Row): readonly string[] {
  const paths: string[] = [];
  compareMembers(before, now, '', paths);
  return paths;
}
