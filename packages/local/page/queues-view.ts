import { askBus } from './ask-bus.ts';
import { element, jsonView } from './dom.ts';
import type { QueueTold } from './estate.ts';

interface MessageTold {
  readonly id: string;
  readonly sentAt: number;
  readonly receiveCount: number;
  readonly state: string;
  readonly group?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly body: string;
}

interface RedriveTold {
  readonly redelivered: number;
  readonly moved: number;
  readonly left: number;
}

/** Queues with their depth and messages, and the redrive of dead-letter queues. */
export interface QueuesView {
  show(queues: readonly QueueTold[]): Promise<void>;
  /** Shows the messages of a queue. */
  open(arn: string): Promise<void>;
}

/** @param onChange Called when a queue was redriven. */
export function queuesView(into: HTMLElement, onChange: () => void): QueuesView {
  let queues: readonly QueueTold[] = [];
  let openArn: string | undefined;
  let messages: readonly MessageTold[] = [];
  let hasMore = false;
  let drawn = '';
  const openMessages = new Set<string>();
  const report = element('p', { class: 'hint', role: 'status' });
  const body = element('div');
  into.append(element('h2', {}, 'Queues'), report, body);

  const load = async (): Promise<void> => {
    if (openArn === undefined || !queues.some(({ arn }) => arn === openArn)) {
      messages = [];
      return;
    }
    const query = new URLSearchParams({ arn: openArn });
    const told = await askBus<{ messages: MessageTold[]; more: boolean }>(
      `queues/messages?${query}`,
    );
    messages = told.messages;
    hasMore = told.more;
  };
  const draw = (): void => {
    const state = JSON.stringify([queues, openArn, messages]);
    if (state === drawn) return;
    drawn = state;
    body.replaceChildren(
      ...(queues.length === 0
        ? [element('p', { class: 'hint' }, 'None.')]
        : queues.map((queue) => queueItem(queue))),
    );
  };
  const toggle = async (arn: string | undefined): Promise<void> => {
    openArn = arn;
    await load();
    draw();
  };
  const redrive = async (queue: QueueTold): Promise<void> => {
    try {
      const told = await askBus<RedriveTold>('queues/redrive', 'POST', { arn: queue.arn });
      report.textContent = sentence(queue.name, told);
    } catch (error) {
      report.textContent = error instanceof Error ? error.message : String(error);
    }
    onChange();
  };

  const queueItem = (queue: QueueTold): HTMLElement => {
    const isOpen = queue.arn === openArn;
    return element(
      'section',
      { class: 'queue', 'aria-label': `Queue ${queue.name}` },
      element(
        'div',
        { class: 'actions' },
        element('h3', {}, queue.name, ' ', element('small', {}, depth(queue))),
        element(
          'button',
          {
            type: 'button',
            'aria-expanded': String(isOpen),
            onclick: () => void toggle(isOpen ? undefined : queue.arn),
          },
          isOpen ? 'Hide messages' : 'Show messages',
        ),
        queue.redrivable === 0
          ? ''
          : element(
              'button',
              { type: 'button', class: 'main', onclick: () => void redrive(queue) },
              `Redrive ${queue.redrivable}`,
            ),
      ),
      element('p', { class: 'hint' }, queue.url),
      ...(isOpen ? messageItems() : []),
    );
  };
  const messageItems = (): (Node | string)[] => [
    ...(messages.length === 0 ? [element('p', { class: 'hint' }, 'No messages.')] : []),
    ...messages.map(messageItem),
    hasMore ? element('p', { class: 'hint' }, `The first ${messages.length} are shown.`) : '',
  ];
  const messageItem = (message: MessageTold): HTMLElement => {
    const facts = Object.entries(message.attributes);
    if (message.group !== undefined) facts.unshift(['Group', message.group]);
    const item = element(
      'details',
      { class: 'message', open: openMessages.has(message.id) },
      element(
        'summary',
        {},
        `${new Date(message.sentAt).toISOString()} `,
        element('strong', {}, titleOf(message)),
        element('small', {}, ` ${message.state}, received ${times(message.receiveCount)}`),
      ),
      element(
        'dl',
        {},
        ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
      ),
      isJson(message.body) ? jsonView(message.body) : element('pre', {}, message.body),
    );
    item.addEventListener('toggle', () => {
      if (item.open) openMessages.add(message.id);
      else openMessages.delete(message.id);
    });
    return item;
  };

  return {
    async show(told) {
      queues = told;
      await load();
      draw();
    },
    open: toggle,
  };
}

/** `9 waiting, 1 in flight`. */
export function depth({ waiting, inFlight, delayed }: QueueTold): string {
  if (waiting + inFlight + delayed === 0) return 'empty';
  return [
    `${waiting} waiting`,
    ...(inFlight === 0 ? [] : [`${inFlight} in flight`]),
    ...(delayed === 0 ? [] : [`${delayed} delayed`]),
  ].join(', ');
}

function sentence(name: string, { redelivered, moved, left }: RedriveTold): string {
  const events = redelivered === 1 ? '1 event goes' : `${redelivered} events go`;
  const messages = moved === 1 ? '1 message went' : `${moved} messages went`;
  return [
    ...(redelivered === 0 ? [] : [`${events} to the target again.`]),
    ...(moved === 0 ? [] : [`${messages} back to the queue they came from.`]),
    ...(left === 0 ? [] : [`${left} stay in ${name}: their rule or target is gone.`]),
  ].join(' ');
}

function titleOf({ body, attributes }: MessageTold): string {
  const error = attributes.ERROR_CODE;
  const type = isJson(body) ? (JSON.parse(body) as Record<string, unknown>)?.['detail-type'] : '';
  const title = typeof type === 'string' && type !== '' ? type : 'message';
  return error === undefined ? title : `${title}: ${error}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
