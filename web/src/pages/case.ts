/** My case: the waiting room, the call, and afterwards, in one page. What it shows comes from the server, so a reload shows the same. */

import { isCode, post, Problem, sentence } from '../api';
import { Connection } from '../connection';
import { Devices } from '../devices';
import { byId, closable, isShown, setText, show, whileBusy } from '../dom';
import type { CaseView, LinkExchanged, LinkView } from '../messages';
import { renderAfter, renderTimeline } from '../parts/after_view';
import { CallView } from '../parts/call_view';
import { CaseLog } from '../parts/case_log';
import { Chat } from '../parts/chat';
import { chime, titleSign } from '../parts/chime';
import { DeviceCheck } from '../parts/device_check';
import { isNews } from '../parts/recordings_list';
import { shareLink } from '../parts/share_link';
import { renderLine, renderQueue, renderSince, renderWaiting } from '../parts/waiting_view';
import { page, setAddress, takeSecret } from '../page';
import { readCase, Room } from '../room';
import { t } from '../text';

type View = 'loading' | 'failure' | 'waiting' | 'call' | 'after';

const line = new Connection('visitor');
const devices = new Devices();
const check = new DeviceCheck(devices);
let room: Room | null = null;
let view: CaseView | null = null;
let shown: View = 'loading';
let chat: Chat | null = null;
let isReading = false;
let isStale = false;
const secret = takeSecret(); // Kept while this page is open: whoever was offline at first tries again with it.
const call = new CallView(() => chat?.opened(), left, () => room, line, devices);

byId('failure-again').addEventListener('click', again);
void open();

async function open(): Promise<void> {
  try {
    const id = secret ? (await post<LinkExchanged>('/api/v1/links/exchange', { secret })).case : page.case;
    if (!('RTCPeerConnection' in window)) throw new Problem('no_webrtc', 0, t('This browser cannot make video calls. Please open your link in a current Firefox, Chrome, Edge or Safari.'));
    if (!id) throw new Problem('not_signed_in', 401, t('This page shows a case. Please open the link that you were given, or start a new case.'));
    setAddress(`/c/${id}`);
    view = await readCase(id);
    line.open();
    follow(id);
    wire(id);
    render();
  } catch (error) {
    fail(error);
  }
}

function again(): void {
  if (view) { location.reload(); return; }
  change('loading');
  void open();
}

function fail(error: unknown): void {
  setText(byId('failure-head'), isCode(error, 'bad_link') ? t('This link does not work (any more)') : isCode(error, 'not_found', 'not_signed_in', 'forbidden') ? t('Please open your personal link') : t('That did not work'));
  setText(byId('failure-text'), sentence(error));
  setText(byId('failure-code'), error instanceof Problem ? t('For support: %(code)s', { code: error.code }) : '');
  const again = !isCode(error, 'bad_link', 'not_found', 'not_signed_in', 'forbidden', 'no_webrtc');
  show(byId('failure-again'), again);
  byId('failure-start').classList.toggle('button-main', !again);
  change('failure');
}

/** Everything that is live. */
function follow(id: string): void {
  const log = new CaseLog(id, line);
  chat = new Chat(log, (entry) => entry.actor.kind === 'customer', () => shown === 'after' || call.isChatOpen || isShown(byId('waiting-chat')), (unread) => call.counted(unread));
  log.on('loaded', renderTimeline);
  log.on('entry', () => renderTimeline(log.entries));
  void log.load().catch(() => {});
  line.on('queue', (told) => { if (told.case === id) renderQueue(told.queue); });
  line.on('case', (told) => { if (told.case === id) void refresh(); });
  line.on('recording', (told) => { if (view && isNews(view, told)) void refresh(); });
  line.on('broadcast', (told) => { if (told.session === view?.session?.id) void refresh(); });
  line.on('session_ended', () => void refresh());
  line.on('roster', (told) => { if ((told.recording ?? null) !== (view?.session?.recording?.id ?? null)) void refresh(); });
  line.on('line', ({ up }) => { renderLine(up); if (up) void refresh(); });
  line.on('bye', ({ reason }) => { if (reason !== 'restarting') location.reload(); }); // The link was revoked: the page says so.
  setInterval(renderSince, 20_000);
}

function wire(id: string): void {
  closable(byId<HTMLDialogElement>('withdrawing'));
  byId('link-open').addEventListener('click', () => void shareLink('link', () => post<LinkView>(`/api/v1/cases/${id}/links`)));
  show(byId('link-open'), true);
  byId('withdraw-open').addEventListener('click', () => byId<HTMLDialogElement>('withdrawing').showModal());
  byId('withdraw-queue').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => {
    await act(() => post<CaseView>(`/api/v1/cases/${id}/withdraw`));
    byId<HTMLDialogElement>('withdrawing').close();
  }));
  byId('queue-again').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => act(() => post<CaseView>(`/api/v1/cases/${id}/queue`))));
  byId('back-in').addEventListener('click', () => { sessionStorage.removeItem(leftKey()); render(); });
  byId('chat-open-waiting').addEventListener('click', () => {
    show(byId('waiting-chat'), !isShown(byId('waiting-chat')));
    byId('chat-open-waiting').setAttribute('aria-expanded', String(isShown(byId('waiting-chat'))));
    chat?.opened();
  });
}

async function act(work: () => Promise<CaseView>): Promise<void> {
  show(byId('after-failed'), false);
  try {
    view = await work();
    render();
  } catch (error) {
    setText(byId('after-failed'), sentence(error));
    show(byId('after-failed'), true);
    if (isCode(error, 'conflict', 'case_closed')) void refresh();
  }
}

/** Reads the case again: one reading at a time, so that the newest answer stays; calls meanwhile are answered by one more reading. */
async function refresh(): Promise<void> {
  isStale = true;
  if (isReading) return;
  isReading = true;
  for (let pause_ms = 80; isStale && view; ) {
    await new Promise((done) => setTimeout(done, pause_ms));
    isStale = false;
    pause_ms = (await reread(view.id)) ? 80 : Math.min(5000, Math.max(1000, pause_ms * 2));
  }
  isReading = false;
}

/** Whether it was read; what can never be read is not asked for again. */
async function reread(id: string): Promise<boolean> {
  const before = view;
  try {
    const now = await readCase(id);
    if (view === before) view = now;
    else isStale = true; // Something done here was answered meanwhile: this reading may be older than that.
    render();
    return true;
  } catch (error) {
    isStale ||= !isCode(error, 'not_found', 'not_signed_in', 'forbidden');
    return false;
  }
}

function render(): void {
  if (!view) return;
  for (const place of document.querySelectorAll('[data-number]')) setText(place as HTMLElement, view.number);
  const { session } = view;
  const isLive = session !== null && session.state !== 'ended' && (view.state === 'waiting' || view.state === 'taken');
  const hasLeft = session !== null && sessionStorage.getItem(leftKey()) !== null;
  if (isLive && !hasLeft) enter(session.id);
  else if (room) { room.end(); room = null; devices.close(); }
  if (room && session) { room.setPeople(session.participants); room.me = session.me ?? room.me; }
  call.render(view);
  if (view.state === 'waiting' && isLive) { renderWaiting(view); change('waiting'); }
  else if (isLive && !hasLeft) change('call');
  else { renderAfter(view, isLive && hasLeft); change('after'); }
}

function enter(session: string): void {
  if (room?.session === session && room.state !== 'ended') return;
  room?.end();
  room = new Room(session, line, devices);
  room.on('state', (state) => {
    if (state === 'ended') void refresh();
    if (state === 'elsewhere') devices.close(); // A phone opens its camera for one tab only.
    if (state === 'joining') void check.resume().catch(() => {});
  });
  void room.join();
  if (!devices.isOn('camera') && !devices.isOn('microphone')) void check.resume().catch(() => {}); // Joining does not wait for a slow camera.
}

function left(): void {
  sessionStorage.setItem(leftKey(), 'yes');
  devices.close();
  render();
}

const leftKey = (): string => `oase-left:${view?.session?.id ?? ''}`;

function change(next: View): void {
  if (next === 'call' && room) call.open(room);
  if (next === shown) return;
  if (shown === 'waiting' && next === 'call') { chime(2); titleSign(t('It is your turn')); setTimeout(() => titleSign(''), 15_000); }
  if (next !== 'call') call.close();
  if (next === 'waiting') check.open();
  else check.close();
  const place = { waiting: 'waiting-chat', call: 'chat-place-call', after: 'chat-place-after', loading: '', failure: '' }[next];
  if (place) byId(place).append(byId('chat'));
  shown = next;
  for (const one of ['loading', 'failure', 'waiting', 'after'] as const) show(byId(one), one === next);
  if (next === 'after') { chat?.opened(); byId('main').focus({ preventScroll: true }); }
}
