import { askBus } from './ask-bus.ts';
import { element, table } from './dom.ts';
import type { ArchiveTold, EstateTold, RegionTold } from './estate.ts';

/** Milliseconds between looks at replays that run. */
const pollMs = 500;

/** Archives, and replays of a time range. */
export function archivesView(into: HTMLElement): { refresh(): Promise<void> } {
  const problem = element('p', { class: 'problem', role: 'alert' });
  const archives = element('div', { class: 'card' });
  const replays = element('div', { class: 'card', 'aria-live': 'polite' });
  const choice = element('select', { id: 'replay-archive' });
  const name = element('input', { id: 'replay-name', value: newName() });
  const from = element('input', { id: 'replay-from', type: 'datetime-local', step: '1' });
  const to = element('input', { id: 'replay-to', type: 'datetime-local', step: '1' });
  let known = new Map<string, { readonly archive: ArchiveTold; readonly region: RegionTold }>();

  const suggest = (): void => {
    const archive = known.get(choice.value)?.archive;
    from.value = localTime((archive?.first ?? Date.now()) - 1_000);
    to.value = localTime((archive?.last ?? Date.now()) + 1_000);
  };
  const perform = async (op: string, input: object, region: RegionTold): Promise<void> => {
    try {
      problem.textContent = '';
      const query = new URLSearchParams({ account: region.account, region: region.region });
      await askBus(`operations/${op}?${query}`, 'POST', input);
      await refresh();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    const chosen = known.get(choice.value);
    if (chosen === undefined) return;
    await perform(
      'StartReplay',
      {
        ReplayName: name.value,
        EventSourceArn: chosen.archive.arn,
        EventStartTime: Date.parse(from.value) / 1000,
        EventEndTime: Date.parse(to.value) / 1000,
        Destination: { Arn: chosen.archive.sourceArn },
      },
      chosen.region,
    );
    if (problem.textContent === '') name.value = newName();
  };
  choice.addEventListener('change', suggest);
  const form = element(
    'form',
    { class: 'form', onsubmit: (event) => void start(event) },
    element('label', {}, 'Archive ', choice),
    element('label', {}, 'From ', from),
    element('label', {}, 'To ', to),
    element('label', {}, 'Name ', name),
    element('button', { class: 'main', type: 'submit' }, 'Start replay'),
  );
  into.append(
    archives,
    element('div', { class: 'card' }, element('h2', {}, 'Replay'), form, problem),
    replays,
  );

  const refresh = async (): Promise<void> => {
    const { regions } = await askBus<EstateTold>('estate');
    const before = choice.value;
    known = new Map(
      regions.flatMap((region) =>
        region.archives.map((archive) => [archive.arn, { archive, region }] as const),
      ),
    );
    choice.replaceChildren(
      ...[...known.values()].map(({ archive }) =>
        element('option', { value: archive.arn }, archive.name),
      ),
    );
    if (known.has(before)) choice.value = before;
    else suggest();
    form.hidden = known.size === 0;
    archives.replaceChildren(
      element('h2', {}, 'Archives'),
      known.size === 0
        ? element('p', { class: 'hint' }, 'None. Make one with CreateArchive or in a rules file.')
        : table(
            ['Archive', 'Of', 'Pattern', 'Events', 'Retention'],
            [...known.values()].map(({ archive }) => [
              archive.name,
              archive.sourceArn,
              element('code', {}, archive.pattern ?? 'everything'),
              `${archive.events}`,
              archive.retentionDays === 0 ? 'for ever' : `${archive.retentionDays} days`,
            ]),
          ),
    );
    const rows = regions.flatMap((region) =>
      region.replays.map((replay) => [
        replay.name,
        element('span', { class: replay.state }, replay.state),
        replay.reason ?? '',
        `${new Date(replay.startTime).toISOString()} to ${new Date(replay.endTime).toISOString()}`,
        ['STARTING', 'RUNNING'].includes(replay.state)
          ? element(
              'button',
              {
                type: 'button',
                onclick: () => void perform('CancelReplay', { ReplayName: replay.name }, region),
              },
              'Cancel',
            )
          : '',
      ]),
    );
    replays.replaceChildren(
      element('h2', {}, 'Replays'),
      rows.length === 0
        ? element('p', { class: 'hint' }, 'None yet.')
        : table(['Replay', 'State', 'Reason', 'Events from', ''], rows),
    );
    const isRunning = regions.some((region) =>
      region.replays.some((each) => ['STARTING', 'RUNNING', 'CANCELLING'].includes(each.state)),
    );
    if (isRunning && !into.hidden) setTimeout(() => void refresh(), pollMs);
  };
  return { refresh };
}

function newName(): string {
  return `replay-${Date.now().toString(36)}`;
}

/** What an input of the type datetime-local takes. */
function localTime(ms: number): string {
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 19);
}
