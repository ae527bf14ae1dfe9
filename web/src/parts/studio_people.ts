/** Who is on stage, and whether the audience sees them. */

import { byId, el, icon, setText, show } from '../dom';
import type { BroadcastView, StagePerson } from '../messages';
import { t } from '../text';
import { seenOf } from './studio_steps';

export function fillPeople(list: HTMLElement, view: BroadcastView): void {
  const rows = view.people.map((one) => row(one, one.participant === view.scene.main));
  list.replaceChildren(...(rows.length ? rows : [el('li', { class: 'soft small' }, t('Nobody is on stage yet.'))]));
}

/** Whether asking again would ask anybody. */
export function offerAsking(view: BroadcastView): void {
  const wasAsked = view.people.some((one) => one.answer !== null);
  setText(byId('public-ask-word'), wasAsked ? t('Ask again') : t('Ask now'));
  show(byId('public-ask'), view.state !== 'ended' && view.people.some((one) => one.kind !== 'source' && !one.shown));
}

function row(person: StagePerson, isLarge: boolean): HTMLElement {
  const [picture, kind, words] = {
    shown: ['check', ' badge-good', t('may be seen')], no: ['close', '', t('said no: not seen or heard')],
    asked: ['clock', ' badge-warn', t('was asked, not seen yet')], unasked: ['info', '', t('not asked yet')],
  }[seenOf(person)] as [string, string, string];
  return el('li', { 'data-participant': person.participant },
    el('span', {}, person.name, isLarge ? el('span', { class: 'small soft' }, ` · ${t('large')}`) : null),
    el('span', { class: `badge${kind}` }, icon(picture), words));
}
