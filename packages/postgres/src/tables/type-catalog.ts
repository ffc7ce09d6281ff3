import type pg from 'pg';
import { parseArrayLiteral } from './array-literal.ts';
import { builtInReader, type ValueReader } from './column-value.ts';

/** From here on oids are those of types that users made. */
const FIRST_USER_OID = 16_384;

type KnownType =
  | { readonly kind: 'text' }
  | { readonly kind: 'domain'; readonly base: number }
  | { readonly kind: 'array'; readonly element: number; readonly delimiter: string };

/** What `pg_type` says of arrays, and of types that users made. */
export interface TypeCatalog {
  /** The reader of a type's values; undefined for a type made since the catalog was read. */
  readerOf(oid: number): ValueReader | undefined;
}

/** A catalog of the server's own scalar types; stands in until the real one is read. */
export const builtInTypes: TypeCatalog = typeCatalogOf(new Map());

/** Reads the catalog of a database. */
export async function loadTypeCatalog(sql: pg.ClientBase): Promise<TypeCatalog> {
  // int2vector and oidvector (22, 30) are arrays by category but not in what they look like.
  const { rows } = await sql.query<{
    oid: string;
    kind: string;
    base: string;
    element: string;
    delimiter: string;
  }>(
    `select oid::text, typdelim as delimiter, typbasetype::text as base, typelem::text as element,
            case when typtype = 'd' then 'domain'
                 when typcategory = 'A' and typelem <> 0 and oid not in (22, 30) then 'array'
                 else 'text' end as kind
     from pg_type
     where oid >= $1 or typtype = 'd' or (typcategory = 'A' and typelem <> 0)`,
    [FIRST_USER_OID],
  );
  const types = new Map<number, KnownType>();
  for (const { oid, kind, base, element, delimiter } of rows) {
    if (kind === 'domain') types.set(Number(oid), { kind, base: Number(base) });
    else if (kind === 'array')
      types.set(Number(oid), { kind, element: Number(element), delimiter });
    else types.set(Number(oid), { kind: 'text' });
  }
  return typeCatalogOf(types);
}

function typeCatalogOf(types: ReadonlyMap<number, KnownType>): TypeCatalog {
  const readers = new Map<number, ValueReader>();

  function make(oid: number): ValueReader | undefined {
    const type = types.get(oid);
    if (type === undefined) return oid < FIRST_USER_OID ? builtInReader(oid) : undefined;
    if (type.kind === 'domain') return readerOf(type.base);
    if (type.kind === 'text') return builtInReader(oid);
    const element = readerOf(type.element);
    if (element === undefined) return undefined;
    return (text) => parseArrayLiteral(text, type.delimiter, element);
  }

  function readerOf(oid: number): ValueReader | undefined {
    const known = readers.get(oid);
    if (known !== undefined) return known;
    const reader = make(oid);
    if (reader !== undefined) readers.set(oid, reader);
    return reader;
  }

  return { readerOf };
}
