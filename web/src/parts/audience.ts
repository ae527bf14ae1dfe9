/** Where the audience takes part, beside or below the picture: questions, chat, polls, reactions, a raised hand; for moderators all that they need. */

import { Audience } from '../audience';
import { Connection } from '../connection';
import { byId, el, icon, setText, show, tabs } from '../dom';
import { page } from '../page';
import { t, tn } from '../text';
import { AudienceActs } from './audience_acts';
import { AudienceChat } from './audience_chat';
import { AudiencePolls } from './audience_polls';
import { AudienceQuestions } from './audience_questions';
import { meToo } from './me_too';
import { Moderation } from './moderation';

export interface AudiencePlace {
  session: string;
  /** Goes to a moment of the recording, when one looks at it. */
  goTo?: (seconds: number) => void;
}

/** Fills the page's `#audience` and `#me-too`, and keeps them so. */
export async function openAudience({ session, goTo }: AudiencePlace): Promise<Audience> {
  const audience = await openIn(byId('audience'), session, goTo);
  const button = document.getElementById('me-too');
  if (button) meToo(button, audience);
  return audience;
}

/** The same in a place of another page, such as the studio. */
export async function openIn(place: HTMLElement, session: string, goTo?: (seconds: number) => void): Promise<Audience> {
  const audience = new Audience(session, new Connection(page.as, true));
  place.replaceChildren(head(audience), body(audience, goTo));
  const tabList = place.querySelector<HTMLElement>('[role="tablist"]');
  const choose = tabList ? tabs(tabList) : (): void => {};
  choose('audience-questions');
  audience.on('me', () => moderating(place, audience));
  await audience.open();
  audience.line.open();
  show(place, audience.view?.rules.state !== 'ended' || audience.moderates); // Of what is kept, the picture and its chapters are enough.
  return audience;
}

function head(audience: Audience): HTMLElement {
  const watching = el('p', { class: 'audience-watching small soft figures', hidden: true });
  audience.on('viewers', ({ count }) => {
    setText(watching, tn('1 person watching', '%(num)s people watching', count));
    show(watching, count > 0);
  });
  const tab = (id: string, word: string, hidden = false): HTMLElement =>
    el('button', { class: 'tab', type: 'button', role: 'tab', id: `${id}-tab`, 'aria-controls': id, 'aria-selected': 'false', hidden }, word, el('span', { class: 'count', hidden: true }));
  return el('div', { class: 'audience-head' },
    el('div', { class: 'tabs', role: 'tablist', 'aria-label': t('Take part') },
      tab('audience-questions', t('Questions')), tab('audience-chat', t('Chat')), tab('audience-polls', t('Polls'), true), tab('audience-moderation', t('Moderation'), true)),
    watching);
}

function body(audience: Audience, goTo?: (seconds: number) => void): DocumentFragment {
  const made = document.createDocumentFragment();
  const panel = (id: string, content: HTMLElement): HTMLElement => el('section', { class: 'audience-panel', id, role: 'tabpanel', 'aria-labelledby': `${id}-tab`, hidden: true }, content);
  const polls = new AudiencePolls(audience, counting('audience-polls'));
  const chat = new AudienceChat(audience, counting('audience-chat'));
  const questions = new AudienceQuestions(audience, goTo);
  made.append(panel('audience-questions', questions.place), panel('audience-chat', chat.place), panel('audience-polls', polls.place),
    panel('audience-moderation', el('div', { class: 'moderation' })), new AudienceActs(audience).place);
  return made;
}

/** A number beside a tab's word while its panel is not on screen. */
function counting(id: string): (count: number, isThere?: boolean) => void {
  return (count, isThere = true) => {
    const tab = document.getElementById(`${id}-tab`);
    const sign = tab?.querySelector<HTMLElement>('.count');
    if (!tab || !sign) return;
    show(tab, isThere);
    setText(sign, String(count));
    show(sign, count > 0);
  };
}

function moderating(place: HTMLElement, audience: Audience): void {
  const inside = place.querySelector<HTMLElement>('.moderation');
  const tab = document.getElementById('audience-moderation-tab');
  if (!inside || !tab) return;
  show(tab, audience.moderates);
  if (audience.moderates && !inside.childElementCount) {
    const moderation = new Moderation(audience, (count) => counting('audience-moderation')(count));
    inside.replaceChildren(moderation.place);
  }
  if (!audience.moderates) inside.replaceChildren();
}

/** What is said where nothing is yet. */
export function nothingYet(picture: string, words: string, more: string): HTMLElement {
  return el('div', { class: 'empty' }, icon(picture), el('strong', {}, words), el('p', {}, more));
}
