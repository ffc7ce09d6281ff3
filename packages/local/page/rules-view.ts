import { askBus } from './ask-bus.ts';
import { element, table } from './dom.ts';
import type { EstateTold, QueueTold, RegionTold, TargetTold } from './estate.ts';
import { depth, queuesView } from './queues-view.ts';

type BusTold = RegionTold['buses'][number];
type RuleTold = BusTold['rules'][number];

/** Rules and targets by bus, and the queues. */
export function rulesView(into: HTMLElement): { refresh(): Promise<void> } {
  const problem = element('p', { class: 'problem', role: 'alert' });
  const body = element('div');
  const queueCard = element('div', { class: 'card' });
  into.append(problem, body, queueCard);
  let estate: EstateTold = { regions: [], queues: [] };
  let drawn = '';

  const setState = async (
    op: string,
    input: object,
    scope: { readonly account: string; readonly region: string },
  ): Promise<void> => {
    try {
      problem.textContent = '';
      const query = new URLSearchParams({ account: scope.account, region: scope.region });
      await askBus(`operations/${op}?${query}`, 'POST', input);
      await refresh();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const showQueue = async (queue: QueueTold): Promise<void> => {
    await queues.open(queue.arn);
    queueCard.querySelector(`[aria-label="Queue ${queue.name}"]`)?.scrollIntoView();
  };
  const refresh = async (): Promise<void> => {
    estate = await askBus<EstateTold>('estate');
    // Drawn anew only where something came, so that the focus in it stays.
    const state = JSON.stringify(estate);
    if (state === drawn) return;
    drawn = state;
    const buses = estate.regions.flatMap((region) => region.buses.map((bus) => card(bus, region)));
    body.replaceChildren(
      ...(buses.length === 0
        ? [element('p', { class: 'hint' }, 'No account has used the bus yet.')]
        : buses),
    );
    await queues.show(estate.queues);
  };
  const queues = queuesView(queueCard, () => void refresh());

  const card = (bus: BusTold, region: RegionTold): HTMLElement =>
    element(
      'div',
      { class: 'card' },
      element('h2', {}, bus.name),
      element('p', { class: 'hint' }, bus.arn),
      bus.rules.length === 0
        ? element('p', { class: 'hint' }, 'No rules: its events go nowhere.')
        : table(
            ['Rule', 'State', 'Pattern or schedule', 'Targets', ''],
            bus.rules.map((rule) => [
              rule.name,
              element('span', { class: rule.state }, rule.state),
              element('code', {}, rule.pattern ?? rule.schedule ?? ''),
              element('div', {}, ...rule.targets.map(targetItem)),
              stateButton(bus, rule, region),
            ]),
          ),
    );
  const stateButton = (bus: BusTold, rule: RuleTold, region: RegionTold): Node | string => {
    if (rule.managedBy !== undefined) return element('small', {}, 'managed');
    const op = rule.state === 'DISABLED' ? 'EnableRule' : 'DisableRule';
    const verb = op === 'EnableRule' ? 'Enable' : 'Disable';
    const input = { Name: rule.name, EventBusName: bus.name };
    return element(
      'button',
      {
        type: 'button',
        'aria-label': `${verb} ${rule.name}`,
        onclick: () => void setState(op, input, region),
      },
      verb,
    );
  };
  const targetItem = (target: TargetTold): HTMLElement =>
    element(
      'div',
      {},
      `${target.Id}: ${target.Arn}`,
      queueLink(target.Arn, ''),
      queueLink(target.DeadLetterConfig?.Arn, ' dead letters:'),
    );
  const queueLink = (arn: string | undefined, label: string): Node | string => {
    const queue = estate.queues.find((each) => each.arn === arn);
    if (queue === undefined) return '';
    return element(
      'span',
      {},
      `${label} `,
      element(
        'button',
        { type: 'button', class: 'link', onclick: () => void showQueue(queue) },
        label === '' ? depth(queue) : `${queue.name}, ${depth(queue)}`,
      ),
    );
  };
  return { refresh };
}
