/** `read-source.ts URL SLOT ROWS`: reads so many rows and prints how long it took. */
import { walSource } from '@tidings/postgres';

const [connection = '', slot = '', count = '0'] = process.argv.slice(2);
const rows = Number(count);
const source = walSource({ connection, slot });
await source.verify();
const done = new AbortController();
const seen = new Set<string>();
const logger = { debug() {}, info() {}, warn() {}, error() {} };
let read = 0;
let last: string | undefined;
const startedAt = performance.now();
for await (const groups of source.read(done.signal, logger)) {
  for (const { records, position } of groups) {
    read += records.length;
    for (const { change } of records) seen.add(change.eventId);
    last = position ?? last;
  }
  if (read >= rows) break;
}
const seconds = (performance.now() - startedAt) / 1000;
done.abort();
await source.close();
process.stdout.write(JSON.stringify({ seconds, distinct: read === rows ? seen.size : -1, last }));
