/** The other way round: from an answered question to the case that it answers, by the case's number. */

import { get, post, Problem, sentence } from '../api';
import { closable, el, icon, setText, show, toast, whileBusy } from '../dom';
import type { DeskView, Entry, QuestionView } from '../messages';
import { t } from '../text';

/** Asks for the number, and marks the answer on that case. */
export function markOnCase(session: string, question: QuestionView): void {
  const field = el('input', { class: 'input figures', id: 'mark-number', required: true, maxlength: 20, autocomplete: 'off', placeholder: '7K2-M4Q' });
  const failed = el('p', { class: 'field-error', role: 'alert', hidden: true });
  const go = el('button', { class: 'button button-main', type: 'submit' }, icon('check', 'icon-s'), t('Mark it'));
  const form = el('form', { class: 'stack' }, el('p', { class: 'soft', dir: 'auto' }, question.text),
    el('div', { class: 'field' }, el('label', { for: 'mark-number' }, t('Number of the case')), field), failed,
    el('div', { class: 'dialog-foot' }, el('button', { class: 'button', type: 'button', 'data-close': true }, t('Cancel')), go));
  const dialog = closable(el('dialog', { class: 'dialog', id: 'marking', 'aria-labelledby': 'marking-title' }, el('div', { class: 'dialog-head' }, el('h2', { id: 'marking-title' }, t('This answers a case'))), form));
  const mark = async (): Promise<void> => {
    try {
      await post<Entry>(`/api/v1/cases/${await caseOf(field.value)}/answers`, { session, question: question.id });
      dialog.close();
      toast(t('It stands in the timeline.'));
    } catch (error) {
      setText(failed, sentence(error));
      show(failed, true);
      field.focus();
    }
  };
  form.addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(go, mark); });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The id of the case with this number, however people write it. */
async function caseOf(number: string): Promise<string> {
  const plain = number.toUpperCase().replace(/[^0-9A-Z]/g, '');
  const written = `${plain.slice(0, 3)}-${plain.slice(3)}`;
  const { cases } = await get<DeskView>(`/api/v1/desk?${new URLSearchParams({ state: 'all', q: written })}`);
  const found = cases.find((one) => one.number === written);
  if (!found) throw new Problem('not_found', 404, t('There is no case with this number.'));
  return found.id;
}
