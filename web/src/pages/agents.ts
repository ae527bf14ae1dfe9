/** Accounts of the agents, for admins: who has one, add one, switch one off or on again. */

import { get, isCode, patch, post, sentence } from '../api';
import { announce, byId, closable, el, setText, show, whileBusy } from '../dom';
import type { AgentAdded, AgentsView, AgentView } from '../messages';
import { page } from '../page';
import { copy } from '../parts/share_link';
import { day, t } from '../text';

const PATH = '/api/v1/admin/agents';
const adding = closable(byId<HTMLDialogElement>('adding'));
const linkShown = closable(byId<HTMLDialogElement>('agent-link'));
const switching = closable(byId<HTMLDialogElement>('switching'));
const name = byId<HTMLInputElement>('add-name');
const email = byId<HTMLInputElement>('add-email');
const link = byId<HTMLInputElement>('agent-link-field');

byId('add').addEventListener('click', () => { fail('add-failed', ''); adding.showModal(); });
byId('add-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('add-go'), add); });
byId('agent-link-copy').addEventListener('click', () => void copy(link.value, link));
link.addEventListener('focus', () => link.select());
void read();

async function read(): Promise<void> {
  try {
    const { agents } = await get<AgentsView>(PATH);
    byId('agents').replaceChildren(...agents.map(row));
    byId('agents').setAttribute('aria-busy', 'false');
    fail('agents-failed', '');
  } catch (error) {
    if (isCode(error, 'not_signed_in')) location.assign('/desk/sign-in?next=/desk/agents');
    fail('agents-failed', sentence(error));
  }
}

function row(agent: AgentView): HTMLElement {
  const isMe = agent.id === page.me?.id;
  const act = agent.disabled
    ? el('button', { class: 'button button-s', type: 'button', 'aria-label': t('Switch on: %(name)s', { name: agent.name }), onclick: (event) => void whileBusy(event.currentTarget as HTMLElement, () => change(agent, false)) }, t('Switch on'))
    : el('button', { class: 'button button-s', type: 'button', 'aria-label': t('Switch off: %(name)s', { name: agent.name }), onclick: () => ask(agent) }, t('Switch off'));
  const [kind, state] = agent.disabled ? ['', t('switched off')] : agent.has_password ? [' badge-good', t('active')] : [' badge-warn', t('no password yet')];
  return el('li', { class: 'agent-row', 'data-agent': agent.id },
    el('div', { class: 'agent-words' },
      el('p', { class: 'agent-who' }, el('strong', {}, agent.name), agent.role === 'admin' ? el('span', { class: 'badge badge-brand' }, t('Admin')) : null, el('span', { class: `badge${kind}` }, state)),
      el('p', { class: 'small soft agent-facts' }, el('span', {}, agent.email), el('span', {}, t('since %(day)s', { day: day(new Date(agent.created_at)) })))),
    isMe ? el('span', { class: 'small soft' }, t('This is you')) : act);
}

async function add(): Promise<void> {
  const wrong = [name, email].find((field) => !field.checkValidity());
  for (const field of [name, email]) field.toggleAttribute('aria-invalid', false);
  if (wrong) {
    wrong.setAttribute('aria-invalid', 'true');
    fail('add-failed', wrong === name ? t('Please give a name.') : t('Please give an e-mail address, such as ann@example.org.'));
    wrong.focus();
    return;
  }
  try {
    const role = new FormData(byId<HTMLFormElement>('add-form')).get('role');
    const made = await post<AgentAdded>(PATH, { name: name.value.trim(), email: email.value.trim(), role });
    adding.close();
    byId<HTMLFormElement>('add-form').reset();
    setText(byId('agent-link-text'), t('%(name)s can sign in with this link:', { name: made.agent.name }));
    link.value = made.link;
    linkShown.showModal();
    await read();
  } catch (error) {
    fail('add-failed', isCode(error, 'conflict') ? t('There is an account with this e-mail address already.') : sentence(error));
  }
}

function ask(agent: AgentView): void {
  setText(byId('switch-text'), t('%(name)s is signed out at once, also of a running conversation, and cannot sign in. You can switch the account on again.', { name: agent.name }));
  fail('switch-failed', '');
  byId('switch-yes').onclick = () => void whileBusy(byId('switch-yes'), () => change(agent, true));
  switching.showModal();
}

async function change(agent: AgentView, disabled: boolean): Promise<void> {
  try {
    const now = await patch<AgentView>(`${PATH}/${agent.id}`, { disabled });
    switching.close();
    const place = byId('agents').querySelector(`[data-agent="${CSS.escape(agent.id)}"]`);
    const fresh = row(now);
    place?.replaceWith(fresh);
    fresh.querySelector('button')?.focus();
    announce(disabled ? t('%(name)s is switched off', { name: agent.name }) : t('%(name)s is switched on', { name: agent.name }));
  } catch (error) {
    fail(disabled ? 'switch-failed' : 'agents-failed', sentence(error));
  }
}

function fail(place: string, words: string): void {
  setText(byId(place), words);
  show(byId(place), words !== '');
}
