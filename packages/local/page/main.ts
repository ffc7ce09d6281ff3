import { archivesView } from './archives-view.ts';
import { askBus } from './ask-bus.ts';
import { type ListedEvent, openFeed } from './bus-feed.ts';
import { byId } from './dom.ts';
import { showDetails } from './event-details.ts';
import { eventList } from './event-list.ts';
import { faultsView } from './faults-view.ts';
import { patternView } from './pattern-view.ts';
import { rulesView } from './rules-view.ts';
import { sendView } from './send-view.ts';
import { openTabs } from './tabs.ts';
import { showUnknownBuses } from './unknown-buses.ts';

const feed = openFeed();
const search = byId<HTMLInputElement>('search');
const pause = byId('pause');
const details = byId('details');
let isPaused = false;
let isDrawing = false;
let followed: string | undefined;

const patterns = patternView(byId('view-patterns'));
const rules = rulesView(byId('view-rules'));
const archives = archivesView(byId('view-archives'));
const faults = faultsView(byId('view-faults'), (count) => {
  byId('fault-count').textContent = count === 0 ? '' : `${count} on`;
});
const sending = sendView(byId('view-send'));
const tabs = openTabs({
  'view-send': () => void sending.refresh(),
  'view-rules': () => void rules.refresh(),
  'view-archives': () => void archives.refresh(),
  'view-faults': () => void faults.refresh(),
});
const list = eventList(byId('list'), feed, showSelected);

let shownState = '';
function showSelected(): void {
  const { selected } = list;
  // Drawn anew only where something came, so that the focus in it stays.
  const state = selected === undefined ? '' : JSON.stringify(stateOf(selected));
  if (state === shownState && details.childElementCount > 0) return;
  shownState = state;
  showDetails(details, selected, feed, {
    test(event) {
      tabs.open('tab-patterns');
      patterns.test(event.text);
    },
    copy(event) {
      tabs.open('tab-send');
      void sending.copy(event);
    },
    select: (event) => list.select(event),
    follow,
  });
}

/** All that the details show and that may change. */
function stateOf(event: ListedEvent): unknown {
  const related =
    event.correlationId === undefined ? [] : feed.correlated(event.correlationId).slice(0, 51);
  return [event.seq, event.rules, feed.deliveriesOf(event), related.map(({ seq }) => seq)];
}

/** Shows only the events of one correlation, or all again. */
function follow(correlationId: string | undefined): void {
  followed = correlationId;
  byId('followed').hidden = correlationId === undefined;
  byId('followed-id').textContent = correlationId ?? '';
  drawSoon();
}
byId('unfollow').addEventListener('click', () => follow(undefined));

function draw(): void {
  isDrawing = false;
  byId('event-count').textContent = String(feed.events.length);
  byId('no-events').hidden = feed.events.length > 0;
  showUnknownBuses(byId('unknown-buses'), feed.unknownBuses);
  if (isPaused) return;
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const listed = followed === undefined ? feed.events : feed.correlated(followed);
  const found =
    words.length === 0
      ? listed
      : listed.filter((event) => words.every((word) => event.haystack.includes(word)));
  byId('found').textContent = found === feed.events ? '' : `${found.length} found`;
  list.show(found.slice());
  list.refresh();
}

let isRulesRefreshDue = false;
/** What events do to queues is seen while the rules are looked at. */
function refreshRulesSoon(): void {
  if (isRulesRefreshDue || byId('view-rules').hidden) return;
  isRulesRefreshDue = true;
  setTimeout(() => {
    isRulesRefreshDue = false;
    void rules.refresh();
  }, 500);
}

/** Many news make one drawing. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(draw);
}

feed.watch(({ isReset }) => {
  drawSoon();
  refreshRulesSoon();
  if (isReset) follow(undefined);
  else if (list.selected !== undefined) showSelected();
});
feed.watchConnection((isLive) => {
  const status = byId('connection');
  status.textContent = isLive ? 'live' : 'the bus does not answer; trying again';
  status.className = `connection ${isLive ? 'live' : 'lost'}`;
});
search.addEventListener('input', drawSoon);
pause.addEventListener('click', () => {
  isPaused = !isPaused;
  pause.setAttribute('aria-pressed', String(isPaused));
  pause.textContent = isPaused ? 'Go on' : 'Pause';
  drawSoon();
});
byId('send-one').addEventListener('click', () => tabs.open('tab-send'));
byId('clear').addEventListener('click', () => void askBus('reset', 'POST'));
document.addEventListener('keydown', (event) => {
  const isTyping =
    event.target instanceof Element && event.target.matches('input, textarea, select');
  if (event.key === '/' && !isTyping) {
    event.preventDefault();
    tabs.open('tab-events');
    search.focus();
  }
  if (event.target === search && (event.key === 'ArrowDown' || event.key === 'Enter')) {
    event.preventDefault();
    byId('list').focus();
  }
});
showSelected();
void faults.refresh();
