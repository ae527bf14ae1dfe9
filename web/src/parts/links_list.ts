/** The links to a case, or the keys of machines to a session, as agents see them: who has one, who made it, when it was last used. One can be revoked. */

import { get, remove, sentence } from '../api';
import { announce, byId, closable, el, setText, show, whileBusy } from '../dom';
import type { KeptLink, LinksView } from '../messages';
import { day, t, when } from '../text';

/** Links of a case, by its id. */
const ofCase = (id: string): string => `/api/v1/cases/${id}/links`;

export class LinksList {
  #of = '';

  /** `path` is where the list of something is read, by its id. Several lists share one dialog. */
  constructor(readonly list: HTMLElement, readonly path: (id: string) => string = ofCase) {
    const dialog = byId<HTMLDialogElement>('revoking');
    if (!dialog.dataset['ready']) closable(dialog).dataset['ready'] = 'yes';
  }

  async read(id: string): Promise<void> {
    if (id !== this.#of) this.list.replaceChildren(el('li', { class: 'skeleton skeleton-line' }));
    this.#of = id;
    try {
      const { links } = await get<LinksView>(this.path(id));
      if (id === this.#of) this.list.replaceChildren(...links.map((link) => this.#row(link)));
    } catch (error) {
      if (id === this.#of) this.list.replaceChildren(el('li', { class: 'field-error', role: 'alert' }, sentence(error)));
    }
  }

  #row(link: KeptLink): HTMLElement {
    const [kind, state] = stateOf(link);
    const made = t('made %(when)s by %(name)s', { when: when(new Date(link.created_at)), name: link.made_by });
    const which = isKey(link) ? t('Revoke the key of %(name)s, %(made)s', { name: link.name, made }) : t('Revoke the link of %(name)s, %(made)s', { name: link.name, made });
    const facts = [made, isKey(link) ? '' : usedWords(link), t('valid until %(day)s', { day: day(new Date(link.expires_at)) })].filter(Boolean);
    const revoke = el('button', { class: 'button button-s', type: 'button', 'aria-label': which, onclick: () => this.#ask(link) }, t('Revoke'));
    return el('li', { class: 'link-row', 'data-link': link.id },
      el('div', { class: 'link-words' },
        el('p', { class: 'link-who' }, el('strong', {}, link.name), el('span', { class: 'small soft' }, kindWords(link)), el('span', { class: `badge${kind}` }, state)),
        el('p', { class: 'small soft figures link-facts' }, ...facts.map((fact) => el('span', {}, fact)))),
      isValid(link) ? revoke : null);
  }

  #ask(link: KeptLink): void {
    const key = isKey(link);
    setText(byId('revoking-title'), key ? t('Revoke this key?') : t('Revoke this link?'));
    setText(byId('revoke-no'), key ? t('Keep the key') : t('Keep the link'));
    setText(byId('revoke-yes'), key ? t('Revoke the key') : t('Revoke the link'));
    setText(byId('revoke-again'), key ? t('This cannot be taken back. You can make a new key at any time.') : t('This cannot be taken back. You can make a new link at any time.'));
    setText(byId('revoke-text'), key ? t('The key of %(name)s stops working at once, and its picture and sound leave the stage.', { name: link.name }) : t('The link of %(name)s and those made from it stop working at once. Whoever came by them is out, also of a running conversation.', { name: link.name }));
    show(byId('revoke-failed'), false);
    byId('revoke-yes').onclick = () => void whileBusy(byId('revoke-yes'), () => this.#revoke(link));
    byId<HTMLDialogElement>('revoking').showModal();
  }

  async #revoke(link: KeptLink): Promise<void> {
    try {
      await remove(`/api/v1/links/${link.id}`);
      await this.read(this.#of);
      byId<HTMLDialogElement>('revoking').close();
      this.list.focus(); // The button that opened the dialog is gone.
      announce(isKey(link) ? t('The key is revoked.') : t('The link is revoked.'));
    } catch (error) {
      setText(byId('revoke-failed'), sentence(error));
      show(byId('revoke-failed'), true);
    }
  }
}

const isKey = (link: KeptLink): boolean => link.kind === 'source' || link.kind === 'viewer';

function kindWords(link: KeptLink): string {
  if (isKey(link)) return link.kind === 'source' ? t('OBS or camera') : t('Viewer');
  return link.kind === 'guest' ? t('Guest') : t('Customer');
}

const isValid = (link: KeptLink): boolean => link.revoked_at === null && Date.parse(link.expires_at) > Date.now();

function stateOf(link: KeptLink): [kind: string, words: string] {
  if (link.revoked_at !== null) return ['', t('revoked')];
  return isValid(link) ? [' badge-good', t('valid')] : ['', t('expired')];
}

function usedWords(link: KeptLink): string {
  return link.used_at === null ? t('open in no browser') : t('last used %(when)s', { when: when(new Date(link.used_at)) });
}
