/** "I have this problem as well": one press, counted for the topic. */

import type { Audience } from '../audience';
import { sentence } from '../api';
import { el, icon, setText, show, toast, whileBusy } from '../dom';
import { t } from '../text';
import { isAgent } from './audience_chat';

/** Fills the place with the button, and keeps its number. */
export function meToo(place: HTMLElement, audience: Audience): void {
  const figure = el('span', { class: 'figures' });
  const button = el('button', { class: 'button button-s', type: 'button', 'aria-pressed': 'false' }, icon('people', 'icon-s'), el('span', {}, t('Me too')), figure);
  const render = (): void => {
    const view = audience.view;
    if (!view) return;
    button.setAttribute('aria-pressed', String(view.me_too.mine));
    setText(figure, view.me_too.count ? String(view.me_too.count) : '');
    button.title = t('I have this problem as well');
    show(place, !isAgent() && view.rules.state !== 'ended');
  };
  button.addEventListener('click', () => void whileBusy(button, async () => {
    try { await audience.meToo(!audience.view?.me_too.mine); } catch (error) { toast(sentence(error)); }
  }));
  place.replaceChildren(button);
  audience.on('me', render);
  render();
}
