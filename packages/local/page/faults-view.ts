import { askBus } from './ask-bus.ts';
import { element } from './dom.ts';

interface FaultTold {
  readonly id: string;
  readonly seen: number;
  readonly hits: number;
  readonly [field: string]: unknown;
}

interface Preset {
  readonly id: string;
  readonly label: string;
  readonly meaning: string;
  readonly when?: object;
  readonly action: object;
}

const presets: readonly Preset[] = [
  {
    id: 'page-partial',
    label: 'One answer in five fails in part',
    meaning: 'a third of its entries are refused with InternalFailure inside a 200',
    when: { probability: 0.2 },
    action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.34 },
  },
  {
    id: 'page-throttle',
    label: 'One request in five is throttled',
    meaning: '400 ThrottlingException, nothing is committed',
    when: { probability: 0.2 },
    action: { type: 'request-fail', preset: 'throttle' },
  },
  {
    id: 'page-500',
    label: 'One request in ten gets a 500',
    meaning: 'nothing is committed',
    when: { probability: 0.1 },
    action: { type: 'request-fail', preset: '500' },
  },
  {
    id: 'page-reset',
    label: 'One request in ten is reset after it was accepted',
    meaning: 'the SDK sends it again: a duplicate that the producer does not see',
    when: { probability: 0.1 },
    action: { type: 'commit-then', symptom: 'reset' },
  },
  {
    id: 'page-hang',
    label: 'Every tenth request hangs',
    meaning: 'accepted and never answered: without a time-out the SDK waits for ever',
    when: { every: 10 },
    action: { type: 'commit-then', symptom: 'hang' },
  },
  {
    id: 'page-slow',
    label: 'Answers take around 200 ms',
    meaning: 'log-normal, as networks are',
    action: { type: 'latency', delay: { lognormal: { median: 200, sigma: 0.5 } } },
  },
  {
    id: 'page-drop',
    label: 'One event in a hundred is lost in silence',
    meaning: 'answered with an EventId, and on no bus',
    when: { probability: 0.01 },
    action: { type: 'silent-drop' },
  },
  {
    id: 'page-deliver',
    label: 'One delivery in three fails',
    meaning: 'targets get it by the retry policy, or it reaches the dead-letter queue',
    when: { probability: 0.33 },
    action: { type: 'deliver', effect: 'fail' },
  },
];

/** Faults to switch on, and all of them as JSON to write. */
export function faultsView(
  into: HTMLElement,
  onCount: (count: number) => void,
): { refresh(): Promise<void> } {
  const problem = element('p', { class: 'problem', role: 'alert' });
  const editor = element('textarea', { id: 'faults-json', spellcheck: 'false' });
  const switches = presets.map((preset) => {
    const box = element('input', { type: 'checkbox', id: preset.id });
    const hits = element('small');
    const row = element(
      'label',
      { class: 'switch' },
      box,
      element('span', {}, preset.label, ' ', element('small', {}, preset.meaning), ' ', hits),
    );
    box.addEventListener('change', () => void toggle(preset, box.checked));
    return { preset, box, hits, row };
  });
  let faults: readonly FaultTold[] = [];

  const put = async (next: readonly object[]): Promise<void> => {
    try {
      problem.textContent = '';
      await askBus('faults', 'PUT', next);
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
    await refresh(problem.textContent === '');
  };
  const toggle = (preset: Preset, isOn: boolean): Promise<void> => {
    const { label: _label, meaning: _meaning, ...fault } = preset;
    const others = faults.map(declared).filter((each) => each.id !== preset.id);
    return put(isOn ? [...others, fault] : others);
  };
  const apply = async (): Promise<void> => {
    let written: unknown;
    try {
      written = JSON.parse(editor.value);
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
      return;
    }
    await put(written as readonly object[]);
  };

  into.append(
    element(
      'div',
      { class: 'card' },
      element('h2', {}, 'Faults to switch on'),
      element('p', { class: 'hint' }, 'The first of the list that hits decides.'),
      ...switches.map(({ row }) => row),
    ),
    element(
      'div',
      { class: 'card' },
      element('label', {}, 'All faults in force', editor),
      element('button', { class: 'main', type: 'button', onclick: () => void apply() }, 'Apply'),
      problem,
    ),
  );

  const refresh = async (rewrites = true): Promise<void> => {
    faults = await askBus<readonly FaultTold[]>('faults');
    onCount(faults.length);
    for (const { preset, box, hits } of switches) {
      const found = faults.find((each) => each.id === preset.id);
      box.checked = found !== undefined;
      hits.textContent = found === undefined ? '' : `— ${found.hits} hits in ${found.seen}`;
    }
    if (rewrites && document.activeElement !== editor) {
      editor.value = JSON.stringify(faults.map(declared), undefined, 2);
    }
  };
  return { refresh };
}

/** A fault without its counters, which the bus takes again. */
function declared({
  seen: _seen,
  hits: _hits,
  ...fault
}: FaultTold): Omit<FaultTold, 'seen' | 'hits'> {
  return fault as Omit<FaultTold, 'seen' | 'hits'>;
}
