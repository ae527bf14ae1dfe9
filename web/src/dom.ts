/** Small tools for the page: elements by id, elements from words (never from HTML), what is said to screen readers, dialogs. */

type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>>;

export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found as E;
}

/** An element. `on…` attributes that are functions become listeners; true writes an empty attribute; null, undefined and false write none. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.replace(/^on/, ''), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child): child is Node | string => Boolean(child) || child === ''));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** One of the icons that the page's template lists in its sprite. */
export function icon(name: string, extra = ''): SVGElement {
  const made = document.createElementNS(SVG, 'svg');
  made.setAttribute('class', `icon ${extra}`.trim());
  made.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  made.append(use);
  return made;
}

/** Changes the icon of a control that has one. */
export function setIcon(control: Element, name: string): void {
  control.querySelector('.icon')?.replaceWith(icon(name));
}

export function show(element: Element, visible: boolean): void {
  element.toggleAttribute('hidden', !visible);
}

export const isShown = (element: Element): boolean => !element.hasAttribute('hidden');

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

let lastSaid = '';

/** Says it to screen readers, politely, once. */
export function announce(text: string): void {
  if (!text || text === lastSaid) return;
  lastSaid = text;
  const region = byId('announcer');
  region.textContent = '';
  setTimeout(() => { region.textContent = text; }, 60);
  setTimeout(() => { if (lastSaid === text) lastSaid = ''; }, 4000);
}

/** A short message that goes again, and is announced. */
export function toast(text: string, stay_ms = 4000): void {
  announce(text);
  const made = el('div', { class: 'toast' }, text);
  const area = document.querySelector('dialog[open] .toasts') ?? byId('toasts');
  area.append(made);
  setTimeout(() => made.remove(), stay_ms);
}

/** Wires the buttons of a `<dialog>` that close it. Opening is `dialog.showModal()`. */
export function closable(dialog: HTMLDialogElement): HTMLDialogElement {
  for (const button of dialog.querySelectorAll('[data-close]')) button.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  return dialog;
}

/** Runs `work` while the button says that it is busy; a second press meanwhile does nothing. */
export async function whileBusy(button: HTMLElement, work: () => Promise<unknown>): Promise<void> {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try { await work(); } finally { button.removeAttribute('aria-busy'); }
}

/** Arrow keys, Home and End move between the tabs of a tab list; each tab names its panel in `aria-controls`. */
export function tabs(list: HTMLElement, chosen: (id: string) => void = () => {}): (id: string) => void {
  const all = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const choose = (id: string): void => {
    for (const tab of all) {
      const on = tab.getAttribute('aria-controls') === id;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
      if (panel) show(panel, on);
    }
    chosen(id);
  };
  all.forEach((tab, index) => {
    tab.addEventListener('click', () => choose(tab.getAttribute('aria-controls') ?? ''));
    tab.addEventListener('keydown', (event) => {
      const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const target = all[(next + all.length) % all.length];
      target?.focus();
      target?.click();
    });
  });
  return choose;
}
