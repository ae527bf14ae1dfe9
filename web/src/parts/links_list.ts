/** The links to a case, as agents see them: who has one, who made it, when it was last used. One can be revoked. */

import { get, remove, sentence } from '../api';
import { announce, byId, closable, el, setText, show, whileBusy } from '../dom';
import type { KeptLink, LinksView } from '../messages';
import { day, t, when } from '../text';

export class LinksList {
  #case = '';

  constructor(readonly list: HTMLElement) {
    closable(byId<HTMLDialogElement>('revoking'));
  }

  async read(id: string): Promise<void> {
    if (id !== this.#case) this.list.replaceChildren(el('li', { class: 'skeleton skeleton-line' }));
    this.#case = id;
    try {
      const { links } = await get<LinksView>(`/api/v1/cases/${id}/links`);
      if (id === this.#case) this.list.replaceChildren(...links.map((link) => this.#row(link)));
    } catch (error) {
      if (id === this.#case) this.list.replaceChildren(el('li', { class: 'field-error', role: 'alert' }, sentence(error)));
    }
  }

  #row(link: KeptLink): HTMLElement {
    const [kind, state] = stateOf(link);
    const made = t('made %(when)s by %(name)s', { when: when(new Date(link.created_at)), name: link.made_by });
    const revoke = el('button', { class: 'button button-s', type: 'button', 'aria-label': t('Revoke the link of %(name)s, %(made)s', { name: link.name, made }), onclick: () => this.#ask(link) }, t('Revoke'));
    return el('li', { class: 'link-row', 'data-link': link.id },
      el('div', { class: 'link-words' },
        el('p', { class: 'link-who' }, el('strong', {}, link.name), el('span', { class: 'small soft' }, link.kind === 'guest' ? t('Guest') : t('Customer')), el('span', { class: `badge${kind}` }, state)),
        el('p', { class: 'small soft figures link-facts' }, ...[made, usedWords(link), t('valid until %(day)s', { day: day(new Date(link.expires_at)) })].map((fact) => el('span', {}, fact)))),
      isValid(link) ? revoke : null);
  }

  #ask(link: KeptLink): void {
    setText(byId('revoke-text'), t('The link of %(name)s and those made from it stop working at once. Whoever came by them is out, also of a running conversation.', { name: link.name }));
    show(byId('revoke-failed'), false);
    byId('revoke-yes').onclick = () => void whileBusy(byId('revoke-yes'), () => this.#revoke(link));
    byId<HTMLDialogElement>('revoking').showModal();
  }

  async #revoke(link: KeptLink): Promise<void> {
    try {
      await remove(`/api/v1/links/${link.id}`);
      await this.read(this.#case);
      byId<HTMLDialogElement>('revoking').close();
      this.list.focus(); // The button that opened the dialog is gone.
      announce(t('The link is revoked.'));
    } catch (error) {
      setText(byId('revoke-failed'), sentence(error));
      show(byId('revoke-failed'), true);
    }
  }
}

const isValid = (link: KeptLink): boolean => link.revoked_at === null && Date.parse(link.expires_at) > Date.now();

function stateOf(link: KeptLink): [kind: string, words: string] {
  if (link.revoked_at !== null) return ['', t('revoked')];
  return isValid(link) ? [' badge-good', t('valid')] : ['', t('expired')];
}

function usedWords(link: KeptLink): string {
  return link.used_at === null ? t('open in no browser') : t('last used %(when)s', { when: when(new Date(link.used_at)) });
}
