import { askBus } from './ask-bus.ts';
import type { ListedEvent } from './bus-feed.ts';
import { element } from './dom.ts';
import type { EstateTold } from './estate.ts';
import { formatJson } from './format-json.ts';

interface ExampleTold {
  readonly source: string;
  readonly detailType: string;
  readonly version: string;
  readonly resources: readonly string[];
  readonly detail: object;
  readonly problem?: string;
}

interface SentTold {
  readonly Entries: readonly {
    readonly EventId?: string;
    readonly ErrorCode?: string;
    readonly ErrorMessage?: string;
  }[];
}

/** Sends an event: a contract's example, a copy of one that came, or one's own. */
export interface SendView {
  refresh(): Promise<void>;
  /** Begins with a copy of an event. */
  copy(event: ListedEvent): Promise<void>;
}

const blank = `{
  "metadata": {
    "eventId": "",
    "version": "1.0",
    "idempotencyKey": "",
    "occurredAt": ""
  },
  "data": {}
}`;

export function sendView(into: HTMLElement): SendView {
  const start = element('select', { id: 'send-start' });
  const bus = element('select', { id: 'send-bus' });
  const source = element('input', { id: 'send-source', value: 'com.example.orders' });
  const type = element('input', { id: 'send-type', value: 'OrderPlaced' });
  const resources = element('input', { id: 'send-resources', placeholder: 'none' });
  const detail = element('textarea', { id: 'send-detail', spellcheck: 'false' });
  const verdict = element('p', { class: 'verdict', id: 'sent', role: 'status' });
  let examples: readonly ExampleTold[] = [];
  detail.value = withNewIds(blank);

  const tell = (text: string, isGood: boolean): void => {
    verdict.className = `verdict ${isGood ? 'yes' : 'no'}`;
    verdict.textContent = text;
  };
  const fill = (example: ExampleTold): void => {
    source.value = example.source;
    type.value = example.detailType;
    resources.value = example.resources.join(' ');
    detail.value = JSON.stringify(example.detail, undefined, 2);
    tell(example.problem ?? '', example.problem === undefined);
  };
  const begin = async (): Promise<void> => {
    const index = Number(start.value);
    await refresh();
    start.value = String(index);
    const example = examples[index];
    if (example === undefined) detail.value = withNewIds(blank);
    else fill(example);
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const [account = '', region = '', EventBusName = ''] = bus.value.split(' ');
    const given = resources.value.split(/\s+/).filter(Boolean);
    const entry = {
      EventBusName,
      Source: source.value,
      DetailType: type.value,
      Detail: detail.value,
      ...(given.length === 0 ? {} : { Resources: given }),
    };
    try {
      const query = new URLSearchParams({ account, region });
      const { Entries } = await askBus<SentTold>(`events?${query}`, 'POST', { Entries: [entry] });
      const [result] = Entries;
      if (result?.EventId === undefined) {
        tell(`Refused: ${result?.ErrorCode}. ${result?.ErrorMessage}`, false);
      } else tell(`Accepted on ${EventBusName} under the id ${result.EventId}.`, true);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error), false);
    }
  };
  start.addEventListener('change', () => void begin());
  const newIds = (): void => {
    detail.value = withNewIds(detail.value);
  };
  into.append(
    element(
      'form',
      { class: 'card', onsubmit: (event) => void send(event) },
      element('h2', {}, 'Send an event'),
      element(
        'div',
        { class: 'fields' },
        element('label', {}, 'Start with', start),
        element('label', {}, 'Event bus', bus),
        element('label', {}, 'Source', source),
        element('label', {}, 'Detail type', type),
        element('label', {}, 'Resources', resources),
      ),
      element('label', {}, 'Detail', detail),
      element(
        'p',
        { class: 'actions' },
        element('button', { class: 'main', type: 'submit' }, 'Send'),
        element('button', { type: 'button', onclick: newIds }, 'New id, key and time'),
      ),
      verdict,
    ),
  );

  const refresh = async (): Promise<void> => {
    const [estate, told] = await Promise.all([
      askBus<EstateTold>('estate'),
      askBus<{ readonly examples: readonly ExampleTold[] }>('examples'),
    ]);
    examples = told.examples;
    const choose = (
      select: HTMLSelectElement,
      options: readonly (readonly [value: string, label: string])[],
    ): void => {
      const before = select.value;
      select.replaceChildren(
        ...options.map(([value, label]) => element('option', { value }, label)),
      );
      if (options.some(([value]) => value === before)) select.value = before;
    };
    choose(start, [
      ['-1', 'A blank event'],
      ...examples.map(
        ({ detailType, version }, index) =>
          [String(index), `${detailType} ${version}, an example`] as const,
      ),
    ]);
    const isOne = estate.regions.length < 2;
    choose(
      bus,
      estate.regions.flatMap(({ account, region, buses }) =>
        buses.map(({ name }) => {
          const label = isOne ? name : `${name} (${region}, ${account})`;
          return [`${account} ${region} ${name}`, label] as const;
        }),
      ),
    );
  };
  return {
    refresh,
    async copy(event) {
      await refresh();
      const [, , , region = '', account = ''] = event.busArn.split(':');
      start.value = '-1';
      bus.value = `${account} ${region} ${event.bus}`;
      source.value = event.source;
      type.value = event.detailType;
      resources.value = event.resources.join(' ');
      detail.value = formatJson(detailOf(event.text));
      tell('', true);
      detail.setSelectionRange(0, 0);
      detail.focus();
      detail.scrollTop = 0;
    },
  };
}

/** The detail as it was sent; it is the last member of a delivered event. */
function detailOf(text: string): string {
  const name = ',"detail":';
  return text.slice(text.indexOf(name) + name.length, -1);
}

/** The same detail as another event: with a new id, idempotency key and time. */
function withNewIds(detail: string): string {
  const id = crypto.randomUUID();
  const values: Readonly<Record<string, string>> = {
    eventId: id,
    idempotencyKey: id,
    occurredAt: new Date().toISOString(),
  };
  return detail.replace(
    /("(eventId|idempotencyKey|occurredAt)"\s*:\s*)"(?:\\.|[^"\\])*"/g,
    (_whole, before: string, name: string) => `${before}${JSON.stringify(values[name])}`,
  );
}
