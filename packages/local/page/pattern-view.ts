import { askBus } from './ask-bus.ts';
import { element } from './dom.ts';
import { formatJson } from './format-json.ts';

/** What the bus says of a pattern. */
interface Explanation {
  readonly valid: boolean;
  readonly matched?: boolean;
  readonly sentence?: string;
  readonly tried?: number;
  readonly matching?: number;
}

const typingMs = 150;
const example = '{\n  "source": ["com.acme.orders"],\n  "detail-type": ["OrderPlaced"]\n}';

/** Tries a pattern on an event while it is typed, and says which field did not match. */
export function patternView(into: HTMLElement): { test(eventText: string): void } {
  const pattern = element('textarea', { id: 'pattern', spellcheck: 'false' });
  const event = element('textarea', { id: 'pattern-event', spellcheck: 'false' });
  const verdict = element('p', { class: 'verdict', id: 'verdict', role: 'status' });
  const count = element('p', { class: 'hint', id: 'matching' });
  pattern.value = example;
  let timer: number | undefined;
  let asked = 0;

  const ask = async (): Promise<void> => {
    asked += 1;
    const mine = asked;
    try {
      const answer = await askBus<Explanation>('explain', 'POST', {
        pattern: pattern.value,
        event: event.value,
      });
      if (mine === asked) tell(answer);
    } catch (error) {
      verdict.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const tell = (answer: Explanation): void => {
    verdict.className = `verdict ${answer.valid && answer.matched !== false ? 'yes' : 'no'}`;
    verdict.textContent = answer.sentence ?? 'The pattern is valid.';
    count.textContent =
      answer.tried === undefined
        ? ''
        : `It matches ${answer.matching} of the latest ${answer.tried} events.`;
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), typingMs);
  };
  pattern.addEventListener('input', later);
  event.addEventListener('input', later);
  into.append(
    element('h2', {}, 'Pattern tester'),
    verdict,
    count,
    element(
      'div',
      { class: 'two' },
      element('label', {}, 'Event pattern', pattern),
      element('label', {}, 'Event', event),
    ),
  );
  return {
    test(eventText) {
      event.value = formatJson(eventText);
      later();
      pattern.focus();
    },
  };
}
