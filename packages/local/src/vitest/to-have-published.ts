import type { AcceptedEvent } from '../accepted-event.ts';
import type { LocalBus } from '../local-bus.ts';

/** What a contract is to the matcher; one from `defineEvent` will do. */
export interface PublishedKind {
  readonly source: string;
  readonly detailType: string;
  /** @throws Error where the event is none of this contract. */
  readonly parse?: (raw: unknown) => unknown;
}

/** What else must hold. */
export interface PublishedOptions {
  /** Name of the bus. Default: any. */
  readonly bus?: string;
  /** How many events agree, exactly. Default: at least one. */
  readonly times?: number;
}

/** The part of Vitest that the matcher uses. */
interface MatcherContext {
  equals(a: unknown, b: unknown, testers?: unknown[]): boolean;
  readonly utils: {
    readonly subsetEquality: unknown;
    readonly iterableEquality: unknown;
    stringify(value: unknown): string;
  };
}

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

const maxShown = 5;

export function toHavePublished(
  this: MatcherContext,
  received: unknown,
  kind: PublishedKind,
  data: object = {},
  options: PublishedOptions = {},
): MatcherResult {
  const bus = received as LocalBus;
  if (!Array.isArray(bus?.events)) {
    throw new TypeError('expect(bus).toHavePublished(…) takes a bus from startLocalBus()');
  }
  const testers = [this.utils.iterableEquality, this.utils.subsetEquality];
  const refusals: string[] = [];
  const found = bus.events.filter((event) => {
    if (event.source !== kind.source || event.detailType !== kind.detailType) return false;
    if (options.bus !== undefined && options.bus !== event.bus) return false;
    if (!this.equals(event.envelope.detail?.data, data, testers)) return false;
    const refusal = refusalOf(kind, event);
    if (refusal !== undefined) refusals.push(refusal);
    return refusal === undefined;
  });
  const pass = options.times === undefined ? found.length > 0 : found.length === options.times;
  const name = `${kind.detailType} from ${kind.source}`;
  return {
    pass,
    message: () => {
      const times = options.times === undefined ? '' : ` ${options.times} times`;
      const wanted = `${name}${times} with data ${this.utils.stringify(data)}`;
      if (pass) return `Expected the bus not to have accepted ${wanted}.`;
      return [
        `Expected the bus to have accepted ${wanted}; ${found.length} of ${bus.events.length} events agree.`,
        ...refusals.map((refusal) => `One agrees and breaks its contract: ${refusal}`),
        ...bus.events.slice(-maxShown).map((event) => `  ${event.seq}: ${shortened(event)}`),
      ].join('\n');
    },
  };
}

function refusalOf(kind: PublishedKind, event: AcceptedEvent): string | undefined {
  try {
    kind.parse?.(event.envelope);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function shortened(event: AcceptedEvent): string {
  const data = JSON.stringify(event.envelope.detail?.data ?? event.envelope.detail);
  return `${event.detailType} from ${event.source} on ${event.bus}: ${data.slice(0, 200)}`;
}
