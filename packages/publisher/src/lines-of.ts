import { createReadStream } from 'node:fs';

const NEWLINE = 0x0a;

/**
 * Lines of a text file, without those that are empty. Node's `readline` also breaks at
 * characters that JSON text may hold, such as U+2028.
 */
export async function* linesOf(path: string): AsyncGenerator<string> {
  // Pieces of the line that is being read; one may be longer than many chunks.
  let pieces: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(pieces).toString();
      pieces = [];
      if (line !== '') yield line;
    }
    pieces.push(chunk.subarray(start));
  }
  const rest = Buffer.concat(pieces).toString();
  if (rest !== '') yield rest;
}
