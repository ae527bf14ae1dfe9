/**
 * The agents' desk: who waits, what is mine, open, closed; one case in detail.
 *
 * A media connection is prepared while the desk is open, so that taking a case shows the customer at once, without loading a page.
 */

import { get, isCode, post } from '../api';
import { Connection } from '../connection';
import { Devices } from '../devices';
import { announce, byId, setText, show } from '../dom';
import type { CaseView, DeskView, SessionView } from '../messages';
import { AgentSession } from '../parts/agent_session';
import { CaseDetail } from '../parts/case_detail';
import { CaseList, emptyWords, showEmpty } from '../parts/case_list';
import type { CaseLog } from '../parts/case_log';
import { chime, titleSign } from '../parts/chime';
import { keepReachSign } from '../parts/reach_sign';
import { page, setAddress } from '../page';
import { readCase, Room } from '../room';
import { shortSpan, t, tn } from '../text';

const BELL = 'oase-bell';
const line = new Connection('agent');
const devices = new Devices();
const standby = new Room(null, line, devices);
let state = 'waiting';
let find = '';
let next: string | null = null;
let waiting = -1;
let reading: Promise<void> | null = null;
let inSession = false;
let near: number | null = null;
const list = new CaseList((id) => { list.mark(id); void detail.open(id); });
const detail = new CaseDetail(line, take, () => void read());

line.on('desk', () => void read());
line.on('line', ({ up }) => {
  setText(byId('desk-line'), up ? '' : t('No connection. Trying again …'));
  byId('desk-line').className = 'badge badge-warn desk-line';
  show(byId('desk-line'), !up);
  if (up) void read();
});
line.on('bye', ({ reason }) => { if (reason !== 'restarting') location.assign('/desk/sign-in'); });
line.watchDesk();
line.open();
void keepReachSign();
void standby.join();
wire();
void read().then(() => {
  const wished = new URLSearchParams(location.search).get('case');
  if (wished) { list.mark(wished); void detail.open(wished); }
});

/** Reads the list once for however many changes came meanwhile. */
async function read(more = false): Promise<void> {
  if (inSession) return;
  if (reading && !more) return reading;
  reading = readNow(more).finally(() => { reading = null; });
  return reading;
}

async function readNow(more: boolean): Promise<void> {
  const query = new URLSearchParams({ state, q: find, limit: '50', ...(more && next ? { after: next } : {}) });
  try {
    const view = await get<DeskView>(`/api/v1/desk?${query}`);
    next = view.next;
    list.set(more ? [...list.rows, ...view.cases] : view.cases);
    showEmpty(list.rows.length === 0 ? emptyWords(state, find) : null);
    show(byId('more'), next !== null);
    counts(view);
    standNear(view.home);
  } catch (error) {
    if (isCode(error, 'not_signed_in')) location.assign('/desk/sign-in');
  }
}

/** The standby connection follows the case that has waited longest from one media worker to the other; once for each, whatever comes of it. */
function standNear(home: number | null): void {
  if (home === null || home === near || !standby.isConnected) return;
  near = home;
  if (standby.home !== home) void standby.join();
}

function counts(view: DeskView): void {
  for (const name of ['waiting', 'mine', 'open'] as const) {
    const place = document.querySelector<HTMLElement>(`[data-count="${name}"]`);
    if (place) { setText(place, String(view.counts[name])); place.classList.toggle('list-some', name === 'waiting' && view.counts[name] > 0); }
  }
  setText(byId('longest'), view.longest_wait_s === null || view.longest_wait_s < 60 ? '' : t('up to %(span)s', { span: shortSpan(view.longest_wait_s) }));
  titleSign(view.counts.waiting > 0 ? `(${view.counts.waiting})` : '');
  if (view.counts.waiting > waiting && waiting >= 0) {
    announce(tn('%(num)s person waits', '%(num)s people wait', view.counts.waiting));
    if (localStorage.getItem(BELL) !== 'off') chime();
  }
  waiting = view.counts.waiting;
}

/** The desk becomes the session at once, without a page load and before the answer is there: whoever may not have the case comes back to the desk. */
async function take(view: CaseView, log: CaseLog): Promise<void> {
  const asked = post<CaseView>(`/api/v1/cases/${view.id}/take`, standby.isConnected ? { connection: standby.connection } : {});
  const agent = enter(view, log);
  let taken: CaseView;
  try {
    taken = await asked.catch((error: unknown) => takenAnyway(view.id, error));
  } catch (error) {
    backToDesk(agent);
    throw error;
  }
  if (taken.session) await stay(agent, taken, taken.session);
  else backToDesk(agent);
}

/** Only the answer was lost: the case is this agent's already. Throws `error` when it is not, or nobody can say. */
async function takenAnyway(id: string, error: unknown): Promise<CaseView> {
  if (!isCode(error, 'offline', 'internal')) throw error;
  const now = await readCase(id).catch(() => { throw error; });
  if (now.state !== 'taken' || now.taken_by !== page.me?.id) throw error;
  return now;
}

function enter(view: CaseView, log: CaseLog): AgentSession {
  inSession = true;
  show(byId('desk'), false);
  const people = view.session?.participants ?? [];
  standby.expect(people.length === 1 ? people[0]?.id ?? '' : ''); // Of several, only the server knows who is in which slot.
  if (view.session) standby.setPeople(people);
  return new AgentSession(standby, log, view, (next) => location.assign(next));
}

function backToDesk(agent: AgentSession): void {
  inSession = false;
  standby.expect('');
  agent.undo();
  show(byId('desk'), true);
}

async function stay(agent: AgentSession, taken: CaseView, session: SessionView): Promise<void> {
  detail.keepLog();
  titleSign('');
  setAddress(`/s/${session.id}`, true);
  if (standby.isConnected && standby.home === session.home) standby.enter(session);
  else { standby.session = session.id; standby.me = session.me; standby.setPeople(session.participants); void standby.takeBack(); }
  await agent.pictured(); // The picture comes first.
  agent.furnish(taken);
  await agent.openDevices();
}

function wire(): void {
  for (const tab of document.querySelectorAll<HTMLElement>('button.list-tab')) tab.addEventListener('click', () => choose(tab));
  let later: ReturnType<typeof setTimeout>;
  byId('find').addEventListener('input', () => {
    clearTimeout(later);
    later = setTimeout(() => { find = byId<HTMLInputElement>('find').value.trim(); void readNow(false); }, 200);
  });
  byId('more').addEventListener('click', () => void read(true));
  byId('detail-back').addEventListener('click', () => { const last = list.chosen; list.mark(null); detail.close(); document.querySelector<HTMLElement>(`[data-case="${CSS.escape(last ?? '')}"]`)?.focus(); });
  byId('sign-out').addEventListener('click', () => void post('/api/v1/sign-out').finally(() => location.assign('/desk/sign-in')));
  byId('bell').addEventListener('click', () => { localStorage.setItem(BELL, localStorage.getItem(BELL) === 'off' ? 'on' : 'off'); bell(); if (localStorage.getItem(BELL) !== 'off') chime(); });
  bell();
  document.addEventListener('keydown', keys);
  addEventListener('popstate', () => location.reload());
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
}

function bell(): void {
  const on = localStorage.getItem(BELL) !== 'off';
  byId('bell').setAttribute('aria-pressed', String(on));
  setText(byId('bell-state'), on ? t('on') : t('off'));
}

function choose(tab: HTMLElement): void {
  state = tab.dataset['state'] ?? 'waiting';
  for (const one of document.querySelectorAll('.list-tab')) one.removeAttribute('aria-current');
  tab.setAttribute('aria-current', 'true');
  setText(byId('cases-head'), tab.querySelector('.list-word')?.textContent ?? '');
  list.mark(null);
  detail.close();
  void readNow(false);
}

function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (inSession || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (target.closest('input, textarea, select')) { if (event.key === 'Escape') target.blur(); return; }
  if (event.key === 'j') list.move(1);
  else if (event.key === 'k') list.move(-1);
  else if (event.key === 't') void detail.takeIt();
  else if (event.key === '/') { event.preventDefault(); byId('find').focus(); }
}
