/** The first page: topics by the words people use, how long it takes now, and the form that opens a case. */

import { post, Problem, sentence } from '../api';
import { announce, byId, el, setText, show, whileBusy } from '../dom';
import type { CaseOpened, TopicsView } from '../messages';
import { clientId, page } from '../page';
import { t, tn, waitRange } from '../text';

const form = byId<HTMLFormElement>('start');
const KEPT = 'oase-start';
const FIELDS = ['summary', 'name', 'email', 'phone'] as const;
const plain = (text: string): string => text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '').replaceAll('ß', 'ss');

document.documentElement.classList.add('live-page');
form.noValidate = true;
keepWhatIsTyped();
searchTopics();
tellWhoIsThere();
byId('change').addEventListener('click', () => {
  form.classList.add('is-choosing');
  form.querySelector<HTMLInputElement>('[name="topic"]:checked')?.focus();
});
for (const one of form.querySelectorAll<HTMLInputElement>('[name="topic"]')) one.addEventListener('click', () => topicChosen(one));
form.addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('go'), send); });

function topicChosen(one: HTMLInputElement): void {
  form.classList.remove('is-choosing');
  if (matchMedia('(max-width: 59.99rem)').matches) one.closest('.topic')?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  announce(t('Topic chosen. Now say in a sentence what is wrong.'));
}

/** What was typed survives a reload; it is forgotten once the case is open. */
function keepWhatIsTyped(): void {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Record<string, string>;
  const id = form.elements.namedItem('client_id') as HTMLInputElement;
  id.value ||= kept['client_id'] ?? clientId();
  for (const name of FIELDS) {
    const field = byId<HTMLInputElement>(name);
    field.value ||= kept[name] ?? '';
    field.addEventListener('input', () => { setError(name, ''); keep(); });
  }
  for (const one of form.querySelectorAll<HTMLInputElement>('[name="topic"]')) {
    if (one.value === kept['topic']) one.checked = true;
    one.addEventListener('change', keep);
  }
}

function keep(): void {
  sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))));
}

function searchTopics(): void {
  show(byId('search'), true);
  const cards = [...form.querySelectorAll<HTMLElement>('.topic')].map((card) => ({ card, words: plain(`${card.textContent} ${card.dataset['words']}`) }));
  byId<HTMLInputElement>('words').addEventListener('input', (event) => {
    const wanted = plain((event.target as HTMLInputElement).value).split(/\s+/).filter(Boolean);
    const fits = ({ words }: { words: string }): boolean => wanted.every((word) => words.includes(word));
    const found = cards.filter(fits).length;
    for (const one of cards) show(one.card, found === 0 || fits(one));
    show(byId('none'), found === 0);
    announce(found === 0 ? byId('none').textContent ?? '' : tn('%(num)s topic', '%(num)s topics', found));
  });
  byId('words').addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
}

function tellWhoIsThere(): void {
  const now = page as unknown as TopicsView;
  const range = waitRange(now.wait_min_s, now.wait_max_s);
  const [kind, words] = now.agents_here > 0
    ? ['good', range && now.waiting > 0 ? t('Somebody is here. Waiting time: %(range)s', { range }) : t('Somebody is here now')]
    : ['warn', t('Nobody is here right now. You can queue up all the same.')];
  byId('now').replaceChildren(el('span', { class: `badge badge-${kind}` }, el('span', { class: 'dot' }), words));
}

async function send(): Promise<void> {
  show(byId('failed'), false);
  const data = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  if (!isComplete(data)) return;
  try {
    const opened = await post<CaseOpened>('/api/v1/cases', data);
    sessionStorage.removeItem(KEPT);
    location.assign(opened.link);
  } catch (error) {
    const field = error instanceof Problem ? String(error.facts['field'] ?? '') : '';
    if (FIELDS.includes(field as (typeof FIELDS)[number])) { setError(field, sentence(error)); byId(field).focus(); return; }
    setText(byId('failed').querySelector('p') as HTMLElement, sentence(error));
    show(byId('failed'), true);
  }
}

function isComplete(data: Readonly<Record<string, string>>): boolean {
  const wrong: [string, string][] = [];
  if (!data['summary']) wrong.push(['summary', t('Please say in a sentence what is wrong.')]);
  if (!data['name']) wrong.push(['name', t('Please tell us your name, so that we can greet you.')]);
  if (data['email'] && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(data['email'])) wrong.push(['email', t('This does not look like an e-mail address. Example: name@example.org')]);
  if (data['phone'] && !/^[0-9+()/ .-]*$/.test(data['phone'])) wrong.push(['phone', t('Please use only digits, spaces and + in the number.')]);
  for (const [name, words] of wrong) setError(name, words);
  if (wrong[0]) byId(wrong[0][0]).focus();
  return wrong.length === 0;
}

function setError(name: string, words: string): void {
  const place = byId(`${name}-error`);
  setText(place.querySelector('span') as HTMLElement, words);
  show(place, Boolean(words));
  byId(name).toggleAttribute('aria-invalid', false);
  if (words) byId(name).setAttribute('aria-invalid', 'true');
}
