/** An agent says that a case was answered before an audience: in which broadcast, and at which question or minute. */

import { get, post, sentence } from '../api';
import { byId, closable, el, setText, show, toast, whileBusy } from '../dom';
import type { AnswerPlace, AnswerPlaces, Entry } from '../messages';
import { fromClock } from '../moment';
import { duration, t, when } from '../text';

let places: readonly AnswerPlace[] = [];
let asking: string | null = null;

/** `opener` asks for the case that is open just then. */
export function answering(opener: HTMLElement, caseOpen: () => string | null): void {
  wire();
  opener.addEventListener('click', () => { const id = caseOpen(); if (id) void whileBusy(opener, () => ask(id)); });
}

function wire(): void {
  const dialog = byId<HTMLDialogElement>('answered');
  if (dialog.dataset['ready']) return;
  dialog.dataset['ready'] = 'yes';
  closable(dialog);
  byId('answered-in').addEventListener('change', () => showPlace());
  byId('answered-form').addEventListener('change', () => showMinute());
  byId('answered-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('answered-go'), () => mark(dialog)); });
}

async function ask(id: string): Promise<void> {
  try {
    places = (await get<AnswerPlaces>(`/api/v1/cases/${id}/answers`)).broadcasts;
  } catch (error) {
    toast(sentence(error), 6000);
    return;
  }
  asking = id;
  show(byId('answered-none'), places.length === 0);
  show(byId('answered-form'), places.length > 0);
  byId('answered-in').replaceChildren(...groups());
  if (places.length) showPlace();
  byId<HTMLDialogElement>('answered').showModal();
}

/** Those of the case's topic first. */
function groups(): HTMLElement[] {
  const group = (word: string, own: boolean): HTMLElement | null => {
    const options = places.filter((one) => one.own_topic === own).map((one) => el('option', { value: one.session }, `${one.title} (${one.live ? t('live') : when(new Date(one.at))})`));
    return options.length ? el('optgroup', { label: word }, ...options) : null;
  };
  const topic = places.find((one) => one.own_topic)?.topic.name ?? '';
  return [group(t('About %(topic)s', { topic }), true), group(t('About something else'), false)].filter((one) => one !== null);
}

const chosen = (): AnswerPlace | undefined => places.find((one) => one.session === byId<HTMLSelectElement>('answered-in').value);

function showPlace(): void {
  const place = chosen();
  const lines = place?.questions.map((one) => el('label', { class: 'outcome' },
    el('input', { type: 'radio', name: 'where', value: `question ${one.id}` }),
    el('span', {}, el('strong', { class: 'figures' }, duration(one.at_s)), el('span', { dir: 'auto' }, one.text))));
  byId('answered-questions').replaceChildren(...(lines ?? []));
  show(byId('answered-questions'), Boolean(lines?.length));
  show(byId('answered-now'), Boolean(place?.live));
  show(byId('answered-failed'), false);
  const first = byId('answered-form').querySelector<HTMLInputElement>('label:not([hidden]) > [name=where]');
  if (first) first.checked = true;
  byId<HTMLInputElement>('answered-minute').value = '';
  showMinute();
}

const where = (): string => String(new FormData(byId<HTMLFormElement>('answered-form')).get('where') ?? '');

function showMinute(): void {
  show(byId('answered-minute-part'), where() === 'minute');
}

/** What is sent; null when no minute can be read. */
function said(): Readonly<Record<string, unknown>> | null {
  const [kind, question] = where().split(' ');
  const session = byId<HTMLSelectElement>('answered-in').value;
  if (kind === 'question') return { session, question };
  if (kind === 'now') return { session };
  const second = fromClock(byId<HTMLInputElement>('answered-minute').value);
  return second === null ? null : { session, second };
}

async function mark(dialog: HTMLDialogElement): Promise<void> {
  const wish = said();
  byId('answered-minute').setAttribute('aria-invalid', String(wish === null));
  if (!wish) { fail(t('Please write minutes and seconds, for example 12:30.')); byId('answered-minute').focus(); return; }
  try {
    await post<Entry>(`/api/v1/cases/${asking}/answers`, wish);
    dialog.close();
    toast(t('It stands in the timeline.'));
  } catch (error) {
    fail(sentence(error));
  }
}

function fail(words: string): void {
  setText(byId('answered-failed'), words);
  show(byId('answered-failed'), true);
}
