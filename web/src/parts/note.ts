/** A field for notes that only agents read. A draft outlives a reload; it is thrown away once the server has the note. */

import { sentence } from '../api';
import { clientId } from '../page';
import { t } from '../text';
import type { CaseLog } from './case_log';

interface Parts { form: HTMLFormElement; field: HTMLTextAreaElement; state: HTMLElement }

/** Wires the form to the case; the returned function lets go of it, for the next case. */
export function noteField({ form, field, state }: Parts, log: CaseLog): () => void {
  const key = `oase-note:${log.id}`;
  const end = new AbortController();
  let sent = { text: '', id: '' };
  field.value = sessionStorage.getItem(key) ?? '';
  state.textContent = field.value ? t('Draft') : '';
  field.addEventListener('input', () => { sessionStorage.setItem(key, field.value); state.textContent = field.value ? t('Draft') : ''; }, { signal: end.signal });
  field.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit(); }, { signal: end.signal });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) { field.focus(); return; }
    state.textContent = t('Saving …');
    if (sent.text !== text) sent = { text, id: clientId() }; // The same words again are the same note; other words are another one.
    log.say('notes', text, sent.id).then(() => {
      sent = { text: '', id: '' };
      sessionStorage.removeItem(key);
      if (field.value.trim() === text) field.value = '';
      state.textContent = t('Saved');
    }, (error: unknown) => { state.textContent = `${t('Not saved yet.')} ${sentence(error)}`; });
  }, { signal: end.signal });
  return () => end.abort();
}
