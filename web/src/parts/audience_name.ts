/** A name, asked for once, when somebody wants to take part: no account, nothing else. */

import type { Audience } from '../audience';
import { sentence } from '../api';
import { closable, el, icon, setText, show, toast, whileBusy } from '../dom';
import { page } from '../page';
import { t } from '../text';

const KEPT = 'oase-audience-name';

/** Does it, after asking for a name where none is known yet. What is refused is said. */
export async function takingPart(audience: Audience, work: () => Promise<unknown>): Promise<boolean> {
  if (!audience.view?.me && page.me?.kind !== 'agent' && !(await askName(audience))) return false;
  try {
    await work();
    return true;
  } catch (error) {
    toast(sentence(error), 6000);
    return false;
  }
}

/** Whether the reader takes part now. */
function askName(audience: Audience): Promise<boolean> {
  const input = el('input', { class: 'input', id: 'audience-name', maxlength: 40, required: true, autocomplete: 'nickname', value: localStorage.getItem(KEPT) ?? '' });
  const failed = el('p', { class: 'field-error', role: 'alert', hidden: true });
  const send = el('button', { class: 'button button-main', type: 'submit' }, t('Take part'));
  const form = el('form', { class: 'stack' },
    el('p', { class: 'soft' }, t('Everybody who watches sees this name. You need no account.')),
    el('div', { class: 'field' }, el('label', { for: 'audience-name' }, t('Your name')), input, failed),
    el('div', { class: 'dialog-foot' }, el('button', { class: 'button', type: 'button', 'data-close': true }, t('Only watch')), send));
  const dialog = closable(el('dialog', { class: 'dialog dialog-sheet', 'aria-labelledby': 'audience-name-title' },
    el('div', { class: 'dialog-head' }, el('h2', { id: 'audience-name-title' }, t('What is your name?')),
      el('button', { class: 'icon-button', type: 'button', 'data-close': true, 'aria-label': t('Close') }, icon('close'))), form));
  document.body.append(dialog);
  return new Promise((done) => {
    form.addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(send, () => join(audience, input, failed, dialog)); });
    dialog.addEventListener('close', () => { dialog.remove(); done(Boolean(audience.view?.me)); });
    dialog.showModal();
    input.focus();
  });
}

async function join(audience: Audience, input: HTMLInputElement, failed: HTMLElement, dialog: HTMLDialogElement): Promise<void> {
  const name = input.value.trim();
  if (!name) return;
  try {
    await audience.takePart(name);
    localStorage.setItem(KEPT, name);
    dialog.close();
  } catch (error) {
    setText(failed, sentence(error));
    show(failed, true);
  }
}
