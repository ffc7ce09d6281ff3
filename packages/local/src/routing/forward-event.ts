import { type AcceptedEvent, again, type NewEvent } from '../accepted-event.ts';
import { refused, type SendResult, sent } from '../delivery/send-result.ts';
import { policyRefusal } from '../estate/bus-policy.ts';
import type { Estate } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import { busAddress } from '../protocol/bus-address.ts';

/**
 * Puts an event on the bus that a rule's target names. It keeps its id, account, region
 * and time. An event that a rule forwarded already goes no further: the service refuses
 * the second hop, within one account too.
 */
export function forwardEvent(
  ports: {
    readonly estate: Estate;
    readonly organization: string | undefined;
    readonly now: () => number;
    readonly accept: (fields: NewEvent, bus: EventBus) => void;
  },
  event: AcceptedEvent,
  rule: Rule,
  target: Target,
): SendResult {
  if (event.forwardedBy !== undefined) {
    return refused(
      'THIRD_ACCOUNT_HOP_DETECTED',
      'The event was received from an event bus: it can be sent to an event bus target only once.',
    );
  }
  const address = busAddress(target.Arn, event);
  const bus = ports.estate.bus(address);
  if (bus === undefined) return refused('NO_RESOURCE', `${target.Arn} does not exist.`);
  const sender = busAddress(event.busArn, event);
  if (sender.account !== bus.account) {
    const refusal = policyRefusal(bus.policy.values(), {
      account: sender.account,
      organization: ports.organization,
      source: event.source,
      detailType: event.detailType,
      ruleArn: rule.arn,
    });
    // The service reports a denial as if the bus did not exist.
    if (refusal !== undefined) return refused('NO_RESOURCE', refusal.message);
  }
  const { name, arn } = bus;
  const acceptedAt = ports.now();
  ports.accept(again(event, { bus: name, busArn: arn, acceptedAt, forwardedBy: rule.arn }), bus);
  return sent;
}
