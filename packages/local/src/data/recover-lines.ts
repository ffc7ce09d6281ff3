import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';

const newline = 0x0a;

/**
 * The objects of a file that holds one as JSON per line. A last line that a crash cut short
 * is removed from the file, so that the next one begins a line of its own; one that lacks
 * nothing but its end gets it.
 * @throws Error that names the line where another one is no JSON.
 */
export function recoverLines<T>(file: string): readonly T[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(newline) + 1;
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  const rest = bytes.subarray(end).toString('utf8');
  if (isWhole(rest)) {
    appendFileSync(file, '\n');
    lines.push(rest);
  } else if (end < bytes.length) truncateSync(file, end);
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      throw new Error(
        `Line ${index + 1} of ${file} is not JSON. Remove the line, or the file to begin anew.`,
      );
    }
  });
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
