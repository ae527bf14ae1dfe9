/** A session by its own address, for a guest. Customers are sent to the page of their case; agents have a page of their own. */

import { isCode, sentence } from '../api';
import { Connection } from '../connection';
import { Devices } from '../devices';
import { byId, isShown, setText, show } from '../dom';
import type { CaseView } from '../messages';
import { CallView } from '../parts/call_view';
import { CaseLog } from '../parts/case_log';
import { Chat } from '../parts/chat';
import { isNews } from '../parts/recordings_list';
import { over } from '../parts/session_over';
import { page } from '../page';
import { readCase, Room } from '../room';
import { t } from '../text';

const line = new Connection(page.as);
const devices = new Devices();
const caseId = page.case ?? '';
const session = page.session ?? '';
const KEPT = `oase-part:${session}`;

if (page.kind === 'customer') location.replace(`/c/${caseId}`);
else void open();

async function open(): Promise<void> {
  try {
    if (!('RTCPeerConnection' in window)) { over(t('That did not work'), t('This browser cannot make video calls. Please open your link in a current Firefox, Chrome, Edge or Safari.')); return; }
    const view = await readCase(caseId);
    line.open();
    const isOver = view.session?.id !== session || view.session.state === 'ended';
    if (isOver) over(t('This conversation is over'), '');
    else askGuest(view);
  } catch (error) {
    over(isCode(error, 'session_ended') ? t('This conversation is over') : t('That did not work'), sentence(error));
  }
}

function askGuest(view: CaseView): void {
  show(byId('loading'), false);
  const room = new Room(session, line, devices);
  const kept = sessionStorage.getItem(KEPT);
  if (kept) { void beGuest(view, room, kept); return; }
  setText(byId('enter-text'), view.agent ? t('%(name)s is already there.', { name: view.agent.name }) : '');
  show(byId('enter'), true);
  void room.prepare(); // While the person reads.
  room.on('state', (state) => { if (state === 'ended' && isShown(byId('enter'))) { show(byId('enter'), false); over(t('This conversation is over'), ''); } });
  for (const part of ['all', 'sound', 'watch']) byId(`enter-${part}`).addEventListener('click', () => void beGuest(view, room, part));
}

async function beGuest(view: CaseView, room: Room, part: string): Promise<void> {
  if (view.session) { room.me = view.session.me; room.setPeople(view.session.participants); }
  void room.join(); // First of all: the rest is done while the request is on its way.
  sessionStorage.setItem(KEPT, part);
  show(byId('enter'), false);
  const log = new CaseLog(caseId, line);
  const call = new CallView(() => chat.opened(), () => { devices.close(); left(); }, () => room, line, devices);
  const chat = new Chat(log, (entry) => entry.actor.id === room.me, () => call.isChatOpen, (unread) => call.counted(unread));
  byId('chat-place-call').append(byId('chat'));
  let now = view;
  const refresh = async (): Promise<void> => { now = await readCase(caseId); call.render(now); };
  line.on('roster', (told) => { if ((told.recording ?? null) !== (now.session?.recording?.id ?? null)) void refresh().catch(() => {}); });
  line.on('recording', (told) => { if (isNews(now, told)) void refresh().catch(() => {}); });
  line.on('broadcast', (told) => { if (told.session === session) void refresh().catch(() => {}); });
  line.on('line', ({ up }) => { if (up) void refresh().catch(() => {}); });
  const open = async (): Promise<void> => { if (part === 'all') await devices.open(); if (part === 'sound') await devices.start('microphone'); };
  room.on('state', (state) => { if (state === 'elsewhere') devices.close(); if (state === 'joining') void open(); });
  room.on('state', (state) => { if (state === 'ended') { call.close(); devices.close(); if (!isLeft()) over(t('This conversation is over'), t('Thank you for being there.')); } });
  call.open(room);
  call.render(view);
  await call.pictured(); // The others' pictures come before one's own.
  void log.load().catch(() => {});
  await open();
}

const isLeft = (): boolean => sessionStorage.getItem(`${KEPT}:left`) !== null;

function left(): void {
  sessionStorage.setItem(`${KEPT}:left`, 'yes');
  over(t('You left the conversation'), t('It still runs. You can come back at any time.'));
  show(byId('over-back'), true);
  byId('over-back').addEventListener('click', () => { sessionStorage.removeItem(`${KEPT}:left`); location.reload(); });
}
