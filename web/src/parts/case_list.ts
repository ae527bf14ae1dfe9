/** The middle of the desk: cases as rows, one of them chosen; j and k move. */

import { byId, el, icon, setText, show } from '../dom';
import type { CaseRow } from '../messages';
import { shortSpan, span, t, when } from '../text';
import { outcomeWords } from './timeline';

export class CaseList {
  chosen: string | null = null;
  rows: readonly CaseRow[] = [];
  #readAt = Date.now();

  constructor(readonly choose: (id: string) => void) {
    setInterval(() => this.#tick(), 10_000);
  }

  set(rows: readonly CaseRow[]): void {
    this.rows = rows;
    this.#readAt = Date.now();
    const focused = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>('[data-case]')?.dataset['case'];
    byId('cases').replaceChildren(...rows.map((row) => this.#row(row)));
    byId('cases').setAttribute('aria-busy', 'false');
    if (focused) this.#button(focused)?.focus();
  }

  mark(id: string | null): void {
    this.chosen = id;
    for (const one of byId('cases').querySelectorAll<HTMLElement>('[data-case]')) one.toggleAttribute('aria-current', one.dataset['case'] === id);
    for (const one of byId('cases').querySelectorAll<HTMLElement>('[aria-current]')) one.setAttribute('aria-current', 'true');
  }

  /** One down or up, from the chosen one or from the top. */
  move(by: 1 | -1): void {
    const at = this.rows.findIndex((row) => row.id === this.chosen);
    const next = this.rows[at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + by))];
    if (!next) return;
    this.#button(next.id)?.focus();
    this.#button(next.id)?.scrollIntoView({ block: 'nearest' });
    this.choose(next.id);
  }

  #button(id: string): HTMLElement | null {
    return byId('cases').querySelector(`[data-case="${CSS.escape(id)}"]`);
  }

  #row(row: CaseRow): HTMLElement {
    const isChosen = row.id === this.chosen;
    return el('li', {}, el('button', { class: 'case-row', type: 'button', 'data-case': row.id, 'aria-current': isChosen ? 'true' : null, onclick: () => this.choose(row.id) },
      el('span', { class: 'case-top' }, el('span', { class: 'case-name' }, row.name), timeOf(row)),
      el('span', { class: 'case-summary' }, row.summary),
      el('span', { class: 'case-foot small soft' },
        el('span', { class: 'figures' }, row.number), el('span', {}, row.topic.name), row.language === 'en' ? el('span', {}, 'EN') : null,
        row.agent && row.state === 'taken' ? el('span', {}, row.agent.name) : null,
        row.state === 'closed' && row.outcome ? el('span', {}, outcomeWords(row.outcome)) : null,
        row.state === 'waiting' ? presence(row.here) : null)));
  }

  #tick(): void {
    const passed_s = (Date.now() - this.#readAt) / 1000;
    for (const row of this.rows) {
      const place = this.#button(row.id)?.querySelector<HTMLElement>('.case-wait');
      if (place && row.waiting_s !== null) setText(place, shortSpan(row.waiting_s + passed_s));
    }
  }
}

function timeOf(row: CaseRow): HTMLElement {
  if (row.waiting_s === null) return el('span', { class: 'case-time small soft figures' }, when(new Date(row.opened_at)));
  return el('span', { class: `case-wait figures${row.waiting_s > 300 ? ' case-late' : ''}`, title: t('Has been waiting for %(span)s', { span: span(row.waiting_s) }) }, shortSpan(row.waiting_s));
}

function presence(here: boolean): HTMLElement {
  return here ? el('span', { class: 'case-here' }, el('span', { class: 'dot' }), t('there')) : el('span', { class: 'case-gone' }, icon('wifi-off'), t('not connected'));
}

/** What is said where a list is empty. */
export function emptyWords(state: string, find: string): [head: string, text: string] {
  if (find) return [t('Nothing found'), t('Try another word, a name, or the number of the case.')];
  const words: Readonly<Record<string, [string, string]>> = {
    waiting: [t('Nobody waits'), t('As soon as somebody comes, you see and hear it here.')],
    mine: [t('You have no case at the moment'), t('Cases you take appear here.')],
    open: [t('Nothing is open'), t('Cases to be continued appear here.')],
    closed: [t('Nothing is closed yet'), t('Closed cases appear here.')],
  };
  return words[state] ?? [t('No cases yet'), t('They come as soon as the first customer asks for help.')];
}

export function showEmpty(words: [string, string] | null): void {
  show(byId('none'), words !== null);
  show(byId('cases'), words === null);
  if (words) { setText(byId('none-head'), words[0]); setText(byId('none-text'), words[1]); }
}
