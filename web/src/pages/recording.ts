/** A recording: the player, moments to jump to, links to a moment, and what an agent can do with it. */

import { get, isCode, post, remove, sentence } from '../api';
import { Connection } from '../connection';
import { byId, closable, el, icon, setText, show, toast, whileBusy } from '../dom';
import type { Entry, Moment, RecordingFile, RecordingView } from '../messages';
import { LivePlayer } from '../live_player';
import { showNumbers } from '../parts/audience_numbers';
import { CaptionsList, offerCaptions } from '../parts/captions';
import { jumpsTo } from '../parts/chapters';
import { copy } from '../parts/share_link';
import { entryLine } from '../parts/timeline';
import { page } from '../page';
import { clock, day, duration, megabytes, t, tn } from '../text';
import { fromMoment, toMoment } from '../moment';

const id = page.recording ?? '';
const isAgent = page.as === 'agent';
const video = byId<HTMLVideoElement>('video');
const line = new Connection(page.as);
const HLS = 'application/vnd.apple.mpegurl';
const captions = isAgent ? new CaptionsList(id, (view) => render(view)) : null;
let playing = '';

void open();

async function open(): Promise<void> {
  try {
    const view = await get<RecordingView>(`/api/v1/recordings/${id}`);
    render(view);
    wire(view);
    if (view.state === 'recording' || view.state === 'finishing') follow(view);
  } catch (error) {
    note(sentence(error));
    setText(byId('head'), isCode(error, 'not_found') ? t('There is no such recording') : t('That did not work'));
  }
}

/** While the view is made: progress over the socket, and a look every few seconds in case a message is lost. */
function follow(view: RecordingView): void {
  line.open();
  line.watch(view.case, 2 ** 31 - 1); // Of the timeline nothing; of the recording everything.
  const again = async (): Promise<void> => {
    const now = await get<RecordingView>(`/api/v1/recordings/${id}`).catch(() => null);
    if (now) render(now);
    if (now?.state === 'ready' || now?.state === 'failed') { clearInterval(timer); line.close(); }
  };
  const timer = setInterval(() => void again(), 4000);
  line.on('recording', (told) => { if (told.recording !== id) return; if (told.state === 'finishing' && typeof told.progress === 'number') progress(told.progress); else void again(); });
}

function render(view: RecordingView): void {
  const start = new Date(view.started_at);
  const when = { day: day(start), clock: clock(start) };
  setText(byId('head'), page.title || t('Conversation of %(day)s, %(clock)s', when));
  setText(byId('facts'), [page.title ? t('Broadcast of %(day)s, %(clock)s', when) : '', duration(view.duration_s), view.size_bytes ? megabytes(view.size_bytes) : ''].filter(Boolean).join(' · '));
  const whole = view.files.find((file) => file.kind === 'view');
  const tracks = view.files.filter((file) => file.kind === 'track');
  if (view.state === 'recording') note(t('This recording still runs.'));
  else if (view.state === 'finishing') progress(view.progress);
  else if (view.state === 'failed' && !whole) note(t('This recording could not be finished. The tracks of each person may still be there.'));
  else if (whole ?? tracks[0]) play((whole ?? tracks[0]) as RecordingFile);
  honest(view);
  offerCaptions(video, view.captions);
  captions?.render(view.captions);
  if (isAgent) show(byId('captions-part'), view.state === 'ready');
  byId('moments').replaceChildren(...(view.moments.length ? view.moments.map(momentLine) : [el('li', { class: 'soft small' }, t('No moments were marked.'))]));
  byId('tracks').replaceChildren(...tracks.map(trackLine));
  show(byId('tracks-part'), tracks.length > 0);
  const shares = document.querySelector<HTMLInputElement>('#share');
  if (shares) shares.checked = view.shared;
}

function honest(view: RecordingView): void {
  const whole = view.state === 'failed' ? t('Something failed while recording. What had been written until then is kept.') : view.interrupted ? t('The recording was interrupted. It ends up to two seconds before the interruption; everything until then is here.') : '';
  const part = view.unread > 0 ? tn('One picture or voice could not be read and is left out.', '%(num)s pictures or voices could not be read and are left out.', view.unread) : '';
  const words = [whole, part].filter(Boolean).join(' ');
  setText(byId('notice').querySelector('p') as HTMLElement, words);
  show(byId('notice'), words !== '');
}

function play(file: RecordingFile): void {
  if (playing === file.url) return;
  playing = file.url;
  show(byId('player-note'), false);
  const wished = fromMoment(new URLSearchParams(location.search).get('t') ?? '');
  show(video, true);
  show(byId('copy'), true);
  if (file.type === HLS) return void new LivePlayer(video, { hls: page.hls ?? '', stream: file.url }).open(wished);
  video.src = file.url;
  if (wished > 0) video.addEventListener('loadedmetadata', () => { video.currentTime = Math.min(wished, video.duration || wished); }, { once: true });
  byId<HTMLAnchorElement>('download').href = file.url;
  show(byId('download'), true);
  video.addEventListener('error', () => note(t('The recording could not be played in this browser. You can download it.')), { once: true });
}

function note(words: string): void {
  show(video, false);
  show(byId('player-note'), true);
  byId('player-note').replaceChildren(el('p', {}, words));
}

function progress(done: number | null): void {
  show(video, false);
  show(byId('player-note'), true);
  byId('player-note').replaceChildren(
    el('p', {}, t('The recording is being made ready to watch.')),
    el('progress', { max: 1, value: done, 'aria-label': t('Progress') }),
    el('p', { class: 'figures small' }, done === null ? t('This takes about as long as the conversation did.') : t('%(percent)s % done', { percent: Math.round(done * 100) })));
}

function momentLine(moment: Moment): HTMLLIElement {
  const entry: Entry = { case: '', seq: 0, kind: moment.kind, at: new Date().toISOString(), session: null, actor: { kind: null, id: null, name: moment.kind === 'invited' ? '' : moment.text }, visibility: 'everyone', text: moment.text, data: {}, client_id: null };
  const words = moment.kind === 'chat' || moment.kind === 'note' ? moment.text : entryLine(entry).querySelector('.line-head span')?.textContent ?? '';
  return el('li', {}, el('button', { class: 'moment', type: 'button', onclick: () => jump(moment.t_s) },
    el('span', { class: 'moment-time figures' }, duration(moment.t_s)), el('span', { class: 'moment-words' }, words)));
}

function jump(to_s: number): void {
  if (!playing) return;
  video.currentTime = to_s;
  void video.play().catch(() => {});
  video.focus();
}

function trackLine(file: RecordingFile): HTMLLIElement {
  const source = { camera: t('Camera'), microphone: t('Microphone'), screen: t('Screen') }[file.source ?? 'camera'];
  const picture = { camera: 'camera', microphone: 'mic', screen: 'screen' }[file.source ?? 'camera'];
  return el('li', {}, el('a', { class: 'recording-row', href: file.url, download: true },
    el('span', { class: 'recording-icon' }, icon(picture)),
    el('span', { class: 'recording-words' }, el('strong', {}, file.participant_name ?? ''), el('span', { class: 'small soft figures' }, `${source} · ${megabytes(file.size_bytes)}`)),
    icon('download', 'icon-s')));
}

function wire(view: RecordingView): void {
  byId('copy').addEventListener('click', () => void copy(`${location.origin}/r/${id}?t=${toMoment(video.currentTime)}`));
  jumpsTo(jump);
  const numbers = document.getElementById('numbers');
  if (numbers) void showNumbers(numbers, view.session, view.state === 'live').then(() => show(byId('numbers-part'), true), () => {});
  if (!isAgent) return;
  document.getElementById('share')?.addEventListener('change', () => void share());
  const deleting = closable(byId<HTMLDialogElement>('deleting'));
  byId('delete').addEventListener('click', () => deleting.showModal());
  byId('delete-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => {
    try { await remove(`/api/v1/recordings/${id}`); location.assign(`/desk?case=${view.case}`); } catch (error) { toast(sentence(error)); }
  }));
}

async function share(): Promise<void> {
  const box = byId<HTMLInputElement>('share');
  try {
    const view = await post<RecordingView>(`/api/v1/recordings/${id}/share`, { shared: box.checked });
    box.checked = view.shared;
    toast(view.shared ? t('The customer can watch it now.') : t('The customer cannot watch it any more.'));
  } catch (error) {
    box.checked = !box.checked;
    toast(sentence(error));
  }
}
