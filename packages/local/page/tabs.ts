import { byId } from './dom.ts';

/** The tabs of the page. */
export interface Tabs {
  /** @param id Of the tab. */
  open(id: string): void;
}

/** Left and right move between tabs, as for any tab list; the address remembers which. */
export function openTabs(onOpen: Readonly<Record<string, () => void>>): Tabs {
  const tabs = [...byId('tabs').querySelectorAll<HTMLElement>('[role=tab]')];
  const open = (id: string): void => {
    for (const tab of tabs) {
      const isOpen = tab.id === id;
      const panel = tab.getAttribute('aria-controls') ?? '';
      tab.setAttribute('aria-selected', String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      byId(panel).hidden = !isOpen;
      if (isOpen) onOpen[panel]?.();
    }
    history.replaceState(undefined, '', `#${id.replace('tab-', '')}`);
  };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => open(tab.id));
    tab.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      if (step === 0 || next === undefined) return;
      event.preventDefault();
      open(next.id);
      next.focus();
    });
  }
  const asked = `tab-${location.hash.slice(1)}`;
  if (tabs.some((tab) => tab.id === asked)) open(asked);
  return { open };
}
