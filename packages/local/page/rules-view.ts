import { askBus } from './ask-bus.ts';
import { element, table } from './dom.ts';
import type { EstateTold } from './estate.ts';

/** Rules and targets by bus, and the queues. */
export function rulesView(into: HTMLElement): { refresh(): Promise<void> } {
  const problem = element('p', { class: 'problem', role: 'alert' });
  const body = element('div');
  into.append(problem, body);

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

  const refresh = async (): Promise<void> => {
    const estate = await askBus<EstateTold>('estate');
    const buses = estate.regions.flatMap((region) =>
      region.buses.map((bus) =>
        element(
          'div',
          { class: 'card' },
          element('h2', {}, bus.name),
          element('p', { class: 'hint' }, bus.arn),
          bus.rules.length === 0
            ? element('p', { class: 'hint' }, 'No rules.')
            : table(
                ['Rule', 'State', 'Pattern', 'Targets', ''],
                bus.rules.map((rule) => {
                  const op = rule.state === 'DISABLED' ? 'EnableRule' : 'DisableRule';
                  const input = { Name: rule.name, EventBusName: bus.name };
                  return [
                    rule.name,
                    element('span', { class: rule.state }, rule.state),
                    element('code', {}, rule.pattern ?? rule.schedule ?? ''),
                    element(
                      'div',
                      {},
                      ...rule.targets.map((each) => element('div', {}, `${each.Id}: ${each.Arn}`)),
                    ),
                    element(
                      'button',
                      {
                        type: 'button',
                        'aria-label': `${op === 'EnableRule' ? 'Enable' : 'Disable'} ${rule.name}`,
                        onclick: () => void setState(op, input, region),
                      },
                      op === 'EnableRule' ? 'Enable' : 'Disable',
                    ),
                  ];
                }),
              ),
        ),
      ),
    );
    const queues = element(
      'div',
      { class: 'card' },
      element('h2', {}, 'Queues'),
      estate.queues.length === 0
        ? element('p', { class: 'hint' }, 'None.')
        : table(
            ['Queue', 'URL', 'Messages'],
            estate.queues.map((queue) => [queue.name, queue.url, `${queue.messages}`]),
          ),
    );
    body.replaceChildren(
      ...(buses.length === 0
        ? [element('p', { class: 'hint' }, 'No account has used the bus yet.')]
        : buses),
      queues,
    );
  };
  return { refresh };
}
