import type { EventBus } from './event-bus.ts';

/** The bus's resource policy as JSON text, or undefined where it has none. */
export function policyDocument(bus: EventBus): string | undefined {
  if (bus.policy.size === 0) return undefined;
  return JSON.stringify({ Version: '2012-10-17', Statement: [...bus.policy.values()] });
}
