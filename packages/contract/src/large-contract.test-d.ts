import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import { eventPattern } from './event-pattern.ts';
import { numeric, prefix } from './pattern-matchers.ts';

// What a large contract looks like: its patterns must cost the compiler little.
const parcel = <const Kind extends string>(kind: Kind) =>
  z.object({
    kind: z.literal(kind),
    id: z.string().brand<Kind>(),
    state: z.enum(['new', 'paid', 'packed', 'sent', 'lost', 'found', 'returned', 'refunded']),
    weight: z.int().optional(),
    stops: z.array(z.object({ city: z.string(), at: z.tuple([z.number(), z.number()]) })),
    customs: z.record(z.string(), z.object({ code: z.string(), cents: z.int() })),
    extra: z.json(),
  });

const ParcelMoved = defineEvent({
  source: 'com.acme.parcels',
  detailType: 'ParcelMoved',
  version: '1.0',
  data: z.object({
    parcel: z.discriminatedUnion('kind', [
      parcel('a'),
      parcel('b'),
      parcel('c'),
      parcel('d'),
      parcel('e'),
      parcel('f'),
      parcel('g'),
      parcel('h'),
      parcel('i'),
      parcel('j'),
      parcel('k'),
      parcel('l'),
      parcel('m'),
      parcel('n'),
      parcel('o'),
      parcel('p'),
    ]),
    former: z.array(z.discriminatedUnion('kind', [parcel('q'), parcel('r'), parcel('s')])),
    note: z.union([z.string(), z.int(), z.object({ text: z.string() }), z.null()]),
  }),
  idempotencyKey: ({ parcel }) => parcel.id,
});

export const patterns = [
  eventPattern(ParcelMoved, {
    data: { parcel: { kind: ['a', 'b', 'p'], state: ['new', 'lost'] } },
  }),
  eventPattern(ParcelMoved, { data: { parcel: { stops: { city: prefix('B') } } } }),
  eventPattern(ParcelMoved, { data: { parcel: { customs: { CH: { cents: numeric('>', 5) } } } } }),
  eventPattern(ParcelMoved, { data: { former: { kind: ['q'], extra: { a: { b: ['c'] } } } } }),
  eventPattern(ParcelMoved, {
    data: { $or: [{ note: { text: ['x'] } }, { parcel: { id: ['1'], weight: [1] } }] },
  }),
];
