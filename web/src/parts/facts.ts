/** The facts of a case, as a list of words and values: who, how to reach them, since when. */

import { el } from '../dom';
import type { CaseView } from '../messages';
import { when, t } from '../text';
import { outcomeWords } from './timeline';

export function caseFacts(view: CaseView): HTMLElement[] {
  const rows: [string, string | HTMLElement | null][] = [
    [t('Opened'), when(new Date(view.opened_at))],
    [t('Language'), view.language === 'de' ? t('German') : t('English')],
    [t('E-mail'), view.email ? el('a', { href: `mailto:${view.email}` }, view.email) : null],
    [t('Phone'), view.phone ? el('a', { href: `tel:${view.phone.replaceAll(/[^0-9+]/g, '')}` }, view.phone) : null],
    [t('With'), view.agent?.name ?? null],
    [t('Outcome'), outcomeWords(view.outcome) || null],
    [t('Earlier'), earlier(view)],
  ];
  return rows.filter(([, value]) => value).flatMap(([word, value]) => [el('dt', {}, word), el('dd', {}, value)]);
}

/** Earlier conversations of the same case, newest first. */
function earlier(view: CaseView): HTMLElement | null {
  const past = view.sessions.filter((one) => one.id !== view.session?.id && one.started_at).reverse();
  return past.length === 0 ? null : el('ul', {}, ...past.map((one) =>
    el('li', {}, [when(new Date(one.started_at ?? one.created_at)), outcomeWords(one.outcome)].filter(Boolean).join(' · '))));
}

export function stateBadge(badge: HTMLElement, view: Pick<CaseView, 'state'>): void {
  const [kind, words] = { waiting: ['warn', t('Waiting')], taken: ['brand', t('In conversation')], open: ['', t('Open')], closed: ['good', t('Closed')] }[view.state] as [string, string];
  badge.className = `badge${kind ? ` badge-${kind}` : ''}`;
  badge.textContent = words;
}
