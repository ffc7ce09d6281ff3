import type { BusCore } from '../bus-core.ts';
import type { TargetHandler } from '../delivery/target-handlers.ts';
import type { Target } from '../estate/target.ts';
import { parseFaults } from '../faults/parse-faults.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import type { LocalArchive, LocalRule, LocalRules, LocalTarget } from './local-rules.ts';

/** What was made before from a file, by bus and name. */
export interface AppliedRules {
  readonly rules: ReadonlySet<string>;
  readonly archives: ReadonlySet<string>;
}

/**
 * Makes the bus have what a file declares, and removes what an earlier version of it
 * declared and this one does not. What clients made stays.
 * @throws Error that names what is wrong; then nothing was changed.
 */
export function applyLocalRules(
  core: BusCore,
  declared: LocalRules,
  before: AppliedRules = { rules: new Set(), archives: new Set() },
): AppliedRules {
  const { rules = [], archives = [], buses = [], queues = [] } = check(declared);
  const { account, region } = core.options;
  const scope = { account, region };
  const events = (op: string, input: object): void => {
    void core.perform('events', op, input, scope, true);
  };
  const address = { account, region };
  for (const name of buses) {
    if (core.estate.bus({ ...address, name }) === undefined)
      events('CreateEventBus', { Name: name });
  }
  for (const name of queues) {
    if (core.queues.find(name, scope) === undefined) core.queues.create(name, scope);
  }
  for (const rule of rules) applyRule(core, rule, events);
  for (const archive of archives) applyArchive(core, archive, events);
  const applied: AppliedRules = {
    rules: new Set(rules.map((rule) => `${rule.bus ?? 'default'} ${rule.name}`)),
    archives: new Set(archives.map((archive) => archive.name)),
  };
  for (const key of before.rules) {
    if (applied.rules.has(key)) continue;
    const [bus = '', name = ''] = key.split(' ');
    const rule = core.estate.bus({ ...address, name: bus })?.rules.get(name);
    if (rule === undefined) continue;
    const Ids = [...rule.targets.keys()];
    if (Ids.length > 0) events('RemoveTargets', { Rule: name, EventBusName: bus, Ids });
    events('DeleteRule', { Name: name, EventBusName: bus });
  }
  for (const name of before.archives) {
    if (!applied.archives.has(name)) events('DeleteArchive', { ArchiveName: name });
  }
  core.contracts = declared.contracts ?? [];
  if (declared.faults !== undefined) core.faults.set(parseFaults(declared.faults));
  return applied;
}

type Perform = (op: string, input: object) => void;

function applyRule(core: BusCore, rule: LocalRule, events: Perform): void {
  const EventBusName = rule.bus ?? 'default';
  events('PutRule', {
    Name: rule.name,
    EventBusName,
    EventPattern: JSON.stringify(rule.pattern),
  });
  const targets = (rule.targets ?? []).map((target, index) =>
    targetOf(core, rule, target, `target-${index + 1}`),
  );
  const { account, region } = core.options;
  const known = core.estate.bus({ account, region, name: EventBusName })?.rules.get(rule.name);
  const gone = [...(known?.targets.keys() ?? [])].filter(
    (id) => !targets.some((target) => target.Id === id),
  );
  if (gone.length > 0) events('RemoveTargets', { Rule: rule.name, EventBusName, Ids: gone });
  if (targets.length > 0) events('PutTargets', { Rule: rule.name, EventBusName, Targets: targets });
}

/** A function or URL stands for a Lambda function that is named after rule and target. */
function targetOf(core: BusCore, rule: LocalRule, target: LocalTarget, Id: string): Target {
  const { account, region } = core.options;
  if (typeof target === 'object') {
    const { handler, ...rest } = target;
    if (handler !== undefined) core.handlers.set(target.Arn, handler);
    return { Id, ...rest };
  }
  if (typeof target === 'string' && target.startsWith('arn:')) return { Id, Arn: target };
  const name = [rule.bus ?? 'default', rule.name, Id].join('-').replace(/[^\w-]/g, '_');
  const Arn = `arn:aws:lambda:${region}:${account}:function:${name}`;
  core.handlers.set(Arn, target as TargetHandler);
  return { Id, Arn };
}

function applyArchive(core: BusCore, archive: LocalArchive, events: Perform): void {
  const { account, region } = core.options;
  const settings = {
    ArchiveName: archive.name,
    RetentionDays: archive.retentionDays ?? 0,
    ...(archive.pattern === undefined ? {} : { EventPattern: JSON.stringify(archive.pattern) }),
  };
  const exists = core.estate.region({ account, region }).archives.has(archive.name);
  if (exists) events('UpdateArchive', settings);
  else {
    const EventSourceArn = `arn:aws:events:${region}:${account}:event-bus/${archive.bus ?? 'default'}`;
    events('CreateArchive', { ...settings, EventSourceArn });
  }
}

/** Finds what the bus would refuse before anything is changed. */
function check(declared: LocalRules): LocalRules {
  if (typeof declared !== 'object' || declared === null) {
    throw new Error(
      'a rules file must give an object: { buses, queues, rules, archives, faults, contracts }',
    );
  }
  const known = ['buses', 'queues', 'rules', 'archives', 'faults', 'contracts'];
  const unknown = Object.keys(declared).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Error(`${unknown} is not a field of a rules file; there are ${known.join(', ')}`);
  }
  const buses = new Set(['default', ...(declared.buses ?? [])]);
  for (const [kind, each] of [
    ...(declared.rules ?? []).map((rule) => ['rule', rule] as const),
    ...(declared.archives ?? []).map((archive) => ['archive', archive] as const),
  ]) {
    if (typeof each.name !== 'string' || !/^[._A-Za-z0-9-]{1,64}$/.test(each.name)) {
      throw new Error(
        `the name of a ${kind} must be 1 to 64 letters, digits, ., - or _, got ${JSON.stringify(each.name)}`,
      );
    }
    const bus = each.bus ?? 'default';
    if (!buses.has(bus)) {
      throw new Error(`${kind} ${each.name} is of the bus ${bus}; add it to buses`);
    }
    if (each.pattern === undefined && kind === 'archive') continue;
    try {
      compilePattern(JSON.stringify(each.pattern) ?? '');
    } catch (error) {
      throw new Error(`${kind} ${each.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const contract of declared.contracts ?? []) {
    if (typeof contract?.create !== 'function' || typeof contract.detailType !== 'string') {
      throw new Error('contracts must be a list of contracts that defineEvent made');
    }
  }
  parseFaults(declared.faults ?? []);
  return declared;
}
