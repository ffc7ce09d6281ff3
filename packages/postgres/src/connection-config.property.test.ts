import { inspect } from 'node:util';
import fc from 'fast-check';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { clientConfigOf, targetOf } from './connection-config.ts';
import { pollSource } from './poll/poll-source.ts';
import { walSource } from './wal/wal-source.ts';

/** Found again in whatever was printed, whole or in parts. */
const PART = /q9x/;
const separators = [...'@:/?#[]%&=+ ;,\\"\'`!$*()<>|~^{}\n', '://', '%zz', '@h/', '?user=', '&a='];
const secret = fc
  .array(fc.constantFrom('q9x', ...separators), { minLength: 1, maxLength: 5 })
  .map((parts) => `${parts.join('')}q9x`);

type Form = (password: string) => string | object;
const forms: readonly Form[] = [
  (p) => `postgres://u:${p}@h.example:5432/d`,
  (p) => `postgres://u:${encodeURIComponent(p)}@h.example:5432/d`,
  (p) => `postgresql://u:${p}@h.example/d?sslmode=disable&application_name=a`,
  (p) => `postgres://u:${p}@[::1]:5432/d`,
  (p) => `postgres://u:${p}@a.example:1,b.example:2/d`,
  (p) => `postgres://u:${p}@/d?host=/run/pg`,
  (p) => `postgres://h.example/d?user=u&password=${p}`,
  (p) => `socket://u:${p}@/run/pg?db=d`,
  (p) => `"postgres://u:${p}@h.example:5432/d"`,
  (p) => `psql 'postgres://u:${p}@h.example:5432/d'`,
  (p) => `jdbc:postgresql://h.example:5432/d?user=u&password=${p}`,
  (p) => `mysql://u:${p}@h.example/d`,
  (p) => `u:${p}@h.example:5432/d`,
  (p) => `//u:${p}@h.example:5432/d`,
  (p) => `host=h.example port=5432 dbname=d user=u password='${p.replaceAll(/['\\]/g, '\\$&')}'`,
  (p) => `host=h.example user=u password=${p} dbname=d`,
  (p) => `user=u password=${p}`,
  (p) => `Host=h.example;Username=u;Password=${p};Database=d`,
  (p) => `host=h.example;user=u;password=${p}`,
  (p) => `dbname=postgres://u:${p}@h.example/d`,
  (p) => `q9x${p}`,
  (p) => ({ host: 'h.example', user: 'u', database: 'd', password: p }),
  (p) => ({ host: 'h.example', user: 'u', database: 'd', password: async () => p }),
  (p) => ({ connectionString: `postgres://u:${p}@h.example:5432/d`, application_name: 'a' }),
  (p) => ({ host: `postgres://u:${p}@h.example:5432/d`, user: 'u' }),
  (p) => ({ host: 'h.example', user: 'u', database: `postgres://u:${p}@h.example:5432/d` }),
  (p) => ({ host: 'h.example', user: 'u', database: 'd', password: [p] }),
  (p) => ({ url: `postgres://u:${p}@h.example:5432/d` }),
];

/** What a person may see of a connection before anything was sent. */
function seenOf(connection: string | object): string {
  const seen: string[] = [];
  const look = (make: () => unknown): void => {
    try {
      const made = make();
      seen.push(inspect(made, { depth: null, showHidden: true }), JSON.stringify(made) ?? '');
    } catch (error) {
      expect(error).toMatchObject({ name: 'ConfigurationError' });
      seen.push(inspect(error, { depth: null, showHidden: true }), (error as Error).message);
    }
  };
  const given = connection as string | pg.ClientConfig;
  look(() => clientConfigOf(given));
  look(() => targetOf(clientConfigOf(given)));
  look(() => walSource({ connection: given, slot: 's' }));
  look(() => pollSource({ connection: given, name: 'p' }));
  return seen.join('\n').replaceAll(import.meta.dirname, '');
}

test('no part of a password is seen, whatever it holds and whatever form it is written in', () => {
  fc.assert(
    fc.property(fc.constantFrom(...forms), secret, (form, password) => {
      expect(seenOf(form(password))).not.toMatch(PART);
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

test('no part of a password is seen where the string was cut off or mangled', () => {
  const tame = fc
    .array(fc.constantFrom('q9x', ...separators.filter((each) => !each.includes('@'))), {
      maxLength: 3,
    })
    .map((parts) => `${parts.join('')}q9x`);
  const mangled = fc
    .tuple(
      fc.constantFrom(...forms.filter((form) => typeof form('') === 'string')),
      tame,
      fc.constantFrom('cut', 'doubled', 'dropped', 'inserted'),
      fc.nat(),
      fc.constantFrom(...separators),
    )
    .filter(([form, password]) => form(password) !== `q9x${password}`)
    .map(([form, password, how, place, extra]) => {
      const text = form(password) as string;
      const at = place % text.length;
      if (how === 'cut') return text.slice(0, at);
      if (how === 'doubled') return text.slice(0, at) + text.slice(at).repeat(2);
      // Without its : or its @ a password is as good a user or host as any.
      if (how === 'dropped' && /[:@]/.test(text[at] ?? '')) return text;
      if (how === 'dropped') return text.slice(0, at) + text.slice(at + 1);
      return text.slice(0, at) + extra + text.slice(at);
    });
  fc.assert(
    fc.property(mangled, (text) => {
      expect(seenOf(text)).not.toMatch(PART);
    }),
    { seed: 1, numRuns: 1_000 },
  );
});
