import type { Estate } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import { compileOrRefuse } from '../protocol/compile-or-refuse.ts';
import {
  arn,
  busNameOrArn,
  description,
  eventPattern,
  limit,
  name,
  nextToken,
  tags,
} from '../protocol/field-shapes.ts';
import { boolean, required, text } from '../protocol/input-shape.ts';
import { type Caller, command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { parseSchedule } from '../schedule/schedule-expression.ts';
import { checkNotManaged, findBus, findRule, invalid, limitExceeded } from './find.ts';
import { setTags } from './tag-operations.ts';

const maxRules = 300;

/** Put, describe, list, enable, disable and delete rules. */
export function ruleOperations(estate: Estate, rulesChanged: (bus: EventBus) => void): Operations {
  const replace = (bus: EventBus, rule: Rule): void => {
    bus.rules.set(rule.name, rule);
    rulesChanged(bus);
  };
  const setState = (
    input: { readonly Name: string; readonly EventBusName?: string | undefined },
    caller: Caller,
    state: string,
  ): object => {
    const bus = findBus(estate, input.EventBusName, caller);
    const rule = findRule(bus, input.Name);
    checkNotManaged(rule);
    replace(bus, { ...rule, state });
    return {};
  };
  return {
    PutRule: command(
      {
        Name: required(name),
        ScheduleExpression: text({ max: 256 }),
        EventPattern: eventPattern,
        State: text({
          values: ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'],
        }),
        Description: description,
        RoleArn: arn,
        Tags: tags,
        EventBusName: busNameOrArn,
      },
      (input, caller) => {
        const bus = findBus(estate, input.EventBusName, caller);
        const pattern = input.EventPattern === '' ? undefined : input.EventPattern;
        const expression = input.ScheduleExpression === '' ? undefined : input.ScheduleExpression;
        if (pattern === undefined && expression === undefined) {
          throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
        }
        if (expression !== undefined) {
          if (bus.name !== 'default') {
            throw invalid('ScheduleExpression is supported only on the default event bus.');
          }
          if (parseSchedule(expression) === undefined) {
            throw invalid('Parameter ScheduleExpression is not valid.');
          }
        }
        const compiled = pattern === undefined ? undefined : compileOrRefuse(pattern);
        const before = bus.rules.get(input.Name);
        if (before !== undefined) checkNotManaged(before);
        if (before === undefined && bus.rules.size >= maxRules) throw limitExceeded();
        const path = bus.name === 'default' ? input.Name : `${bus.name}/${input.Name}`;
        const rule: Rule = {
          name: input.Name,
          arn: `arn:aws:events:${bus.region}:${bus.account}:rule/${path}`,
          busName: bus.name,
          createdBy: caller.account,
          managedBy: undefined,
          eventPattern: pattern,
          compiled,
          scheduleExpression: expression,
          state: input.State ?? 'ENABLED',
          description: input.Description,
          roleArn: input.RoleArn,
          targets: before?.targets ?? new Map(),
        };
        replace(bus, rule);
        // The service ignores Tags on a rule that exists.
        if (before === undefined) setTags(estate.region(bus), rule.arn, input.Tags ?? []);
        return { RuleArn: rule.arn };
      },
    ),
    DescribeRule: query({ Name: required(name), EventBusName: busNameOrArn }, (input, caller) => {
      const rule = findRule(findBus(estate, input.EventBusName, caller), input.Name);
      return { ...told(rule), CreatedBy: rule.createdBy };
    }),
    ListRules: query(
      { NamePrefix: name, EventBusName: busNameOrArn, NextToken: nextToken, Limit: limit },
      (input, caller) => {
        const rules = [...findBus(estate, input.EventBusName, caller).rules.values()].filter(
          (rule) => rule.name.startsWith(input.NamePrefix ?? ''),
        );
        const { items, next } = page(rules, (rule) => rule.name, input);
        return { Rules: items.map(told), ...next };
      },
    ),
    ListRuleNamesByTarget: query(
      {
        TargetArn: required(arn),
        EventBusName: busNameOrArn,
        NextToken: nextToken,
        Limit: limit,
      },
      (input, caller) => {
        const rules = [...findBus(estate, input.EventBusName, caller).rules.values()].filter(
          (rule) => [...rule.targets.values()].some((target) => target.Arn === input.TargetArn),
        );
        const { items, next } = page(rules, (rule) => rule.name, input);
        return { RuleNames: items.map((rule) => rule.name), ...next };
      },
    ),
    EnableRule: command({ Name: required(name), EventBusName: busNameOrArn }, (input, caller) =>
      setState(input, caller, 'ENABLED'),
    ),
    DisableRule: command({ Name: required(name), EventBusName: busNameOrArn }, (input, caller) =>
      setState(input, caller, 'DISABLED'),
    ),
    DeleteRule: command(
      { Name: required(name), EventBusName: busNameOrArn, Force: boolean },
      (input, caller) => {
        const bus = findBus(estate, input.EventBusName, caller);
        const rule = bus.rules.get(input.Name);
        if (rule === undefined) return {};
        checkNotManaged(rule, input.Force);
        if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
        bus.rules.delete(rule.name);
        estate.region(bus).tags.delete(rule.arn);
        rulesChanged(bus);
        return {};
      },
    ),
  };
}

function told(rule: Rule): object {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    EventBusName: rule.busName,
    ManagedBy: rule.managedBy,
  };
}
