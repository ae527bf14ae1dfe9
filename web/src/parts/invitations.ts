/** What an agent offers to this reader alone: a case of their own, or the stage. Nobody else's page hears of it. */

import { get, remove, sentence } from '../api';
import type { Audience } from '../audience';
import { announce, el, icon, show, toast, whileBusy } from '../dom';
import type { HelpOffer, Invitations, StageCall } from '../messages';
import { t, tn } from '../text';
import type { StageTurn } from './stage_turn';

/** Fills `place` whenever there is something, and empties it when there is not; the page turns by `stage`. What is returned reads again. */
export function showInvitations(place: HTMLElement, audience: Audience, stage: StageTurn): () => Promise<void> {
  let drawn = '';
  const read = async (): Promise<void> => {
    if (!audience.view?.me) return;
    const found = await get<Invitations>(`/api/v1/broadcasts/${audience.session}/invitations`).catch(() => null); // The next bell asks again.
    if (!found) return;
    const isTurned = stage.offered(found.stage);
    const now = JSON.stringify([found, isTurned]);
    if (now === drawn) return;
    drawn = now;
    const cards = [found.help && helpCard(found.help), !isTurned && found.stage && stageCard(found.stage, stage)].filter((card) => card instanceof HTMLElement);
    place.replaceChildren(...cards);
    show(place, cards.length > 0);
    const [first] = cards;
    if (first) announce(first.textContent);
  };
  audience.line.on('invited', ({ session }) => { if (session === audience.session) void read(); });
  audience.on('me', () => void read());
  audience.line.on('line', ({ up }) => { if (up) void read(); });
  void read();
  return read;
}

function helpCard({ case: id, number, agent, place }: HelpOffer): HTMLElement {
  const words = agent ? t('%(name)s is there for you.', { name: agent }) : place ? tn('You are next.', 'You are number %(num)s in the queue.', place) : '';
  return card('chat', t('An agent can help you personally'), `${t('Case %(number)s, only you see it.', { number })} ${words}`,
    el('a', { class: 'button button-main', href: `/c/${id}` }, t('Get help in private')));
}

function stageCard(call: StageCall, stage: StageTurn): HTMLElement {
  const come = el('button', { class: 'button button-main', type: 'button' }, t('Come on stage'));
  come.addEventListener('click', () => void whileBusy(come, () => stage.begin(call)));
  const decline = el('button', { class: 'button', type: 'button' }, t('Not now'));
  decline.addEventListener('click', () => void whileBusy(decline, () => remove(`/api/v1/broadcasts/${call.session}/members/${call.member}/stage`).catch((error: unknown) => toast(sentence(error)))));
  return card('hand', t('You are invited on stage'), t('First you check camera and microphone. The audience sees and hears you only after you have agreed.'), come, decline);
}

function card(picture: string, head: string, text: string, ...acts: HTMLElement[]): HTMLElement {
  return el('div', { class: 'notice' }, icon(picture), el('div', {}, el('p', {}, el('strong', {}, head)), el('p', {}, text), el('div', { class: 'buttons invitation-acts' }, ...acts)));
}
