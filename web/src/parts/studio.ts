/** The studio of an agent: how the broadcast of this session stands, and the next step. Its parts show the picture, the stage and the scene. */

import { get, post, sentence } from '../api';
import { announce, byId, closable, el, icon, setText, show, whileBusy } from '../dom';
import type { BroadcastView, OnAir } from '../messages';
import type { Room } from '../room';
import { duration, t, tn, when } from '../text';
import { openIn } from './audience';
import { BroadcastEdit } from './broadcast_edit';
import { embedCode, helpWith, hurdleWords, meaning, opennessWords, stateWords } from './broadcast_words';
import { GoingLive } from './going_live';
import { OpenPublic } from './open_public';
import { copy } from './share_link';
import { fillPeople, offerAsking } from './studio_people';
import { Preview } from './studio_preview';
import { SceneControl } from './studio_scene';
import { type Act, actsIn, isOpen } from './studio_steps';

/** How often those who watch are counted anew, while they can. */
const COUNT_MS = 5000;

export class Studio {
  #view: BroadcastView | null = null;
  #isReading = false;
  #isStale = false;
  #isLooking = false;
  #state = '';
  readonly #preview = new Preview();
  readonly #scene = new SceneControl((view) => this.#show(view));
  readonly #live = new GoingLive((view) => this.#show(view));
  readonly #edit = new BroadcastEdit((view) => this.#show(view));
  readonly #opening: OpenPublic;
  readonly #ending = closable(byId<HTMLDialogElement>('ending-air'));

  /** `choose` brings the studio to the front; `changed` is told when it knows more. */
  constructor(readonly room: Room, readonly choose: () => void, readonly changed: () => void) {
    this.#opening = new OpenPublic(() => room.session, (view) => { this.#show(view); this.choose(); });
    this.#wire();
    room.on('people', () => { if (this.#view) void this.read(); });
    setInterval(() => this.#tick(), 1000);
    setInterval(() => { if (this.#view && isOpen(this.#view.state) && this.#isLooking && !document.hidden) void this.read(); }, COUNT_MS);
  }

  /** Whether this session was planned as a broadcast, and ends with it. */
  get isOwn(): boolean {
    return this.#view?.own ?? false;
  }

  /** Where to go when the session is over. */
  get afterwards(): string {
    return this.#view?.own ? `/desk/broadcasts?over=${this.#view.session}` : '/desk';
  }

  /** What the case says: a broadcast appears, or stands otherwise. */
  told(onAir: OnAir | null): void {
    if (onAir) void this.read();
  }

  /** Whether the studio is the part that is open to see. */
  shown(isLooking: boolean): void {
    this.#isLooking = isLooking;
    this.#preview.look(isLooking);
  }

  /** Reads it once for however many changes came meanwhile. */
  async read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading || !this.room.session) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#show(await get<BroadcastView>(`/api/v1/broadcasts/${this.room.session}`));
      }
    } catch { /* The next change, or the line that is back, has it read again. */ } finally {
      this.#isReading = false;
    }
  }

  #wire(): void {
    byId('studio-open').addEventListener('click', () => { if (this.#view) this.#toFront(); else this.#opening.ask(); });
    byId('public-ask').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#do('consent/ask')));
    byId('studio-copy').addEventListener('click', () => void copy(this.#view?.watch ?? ''));
    byId('studio-edit').addEventListener('click', () => { if (this.#view) void this.#edit.open(this.#view.session); });
    byId('studio-embed').addEventListener('click', () => void copy(embedCode(this.#view?.session ?? '', this.#view?.title ?? '')));
    byId('ending-air-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => {
      if (await this.#do('end', 'ending-air-failed')) this.#ending.close();
    }));
  }

  #toFront(): void {
    this.choose();
    byId('tab-studio').scrollIntoView({ block: 'nearest' });
    byId('tab-studio').focus({ preventScroll: true });
  }

  #show(view: BroadcastView): void {
    const isFirst = this.#view === null;
    this.#view = view;
    this.#scene.render(view);
    this.#preview.render(view);
    fillPeople(byId('seen'), view);
    offerAsking(view);
    this.#showAir(view);
    this.#showLinks(view);
    show(byId('studio-live'), view.state !== 'ended');
    show(byId('studio-tab'), true);
    setText(byId('studio-open').querySelector('.round-word') as HTMLElement, t('Studio'));
    byId('work').classList.toggle('work-own', view.own);
    if (isFirst && view.own) byId<HTMLDetailsElement>('work-about').open = false; // The title says it.
    if (isFirst) this.choose();
    if (isFirst) void openIn(byId('moderation'), view.session).catch(() => {}); // The broadcast goes on without it.
    this.changed();
  }

  #showAir(view: BroadcastView): void {
    const [word] = stateWords(view.state);
    byId('air').dataset['state'] = view.state;
    byId('air-state').querySelector('.dot')?.classList.toggle('dot-live', view.state === 'live');
    setText(byId('air-state-word'), view.state === 'live' ? t('On air') : word);
    setText(byId('air-means'), meaning(view.state, view.visibility));
    if (this.#state && this.#state !== view.state) announce(`${word}. ${meaning(view.state, view.visibility)}`);
    setText(byId('air-viewers').querySelector('span') as HTMLElement, tn('%(num)s person watches', '%(num)s people watch', view.viewers));
    show(byId('air-viewers'), isOpen(view.state));
    const blocks = view.state === 'planned' || view.state === 'rehearsal' ? view.obstacles : [];
    byId('hurdles').replaceChildren(...blocks.map(hurdle));
    if (this.#state !== view.state) this.#offer(view);
    this.#state = view.state;
    this.#tick();
  }

  #offer(view: BroadcastView): void {
    const had = byId('air-acts').contains(document.activeElement);
    byId('air-acts').replaceChildren(...actsIn(view.state).map((act, index) => this.#button(act, view, index === 0)));
    if (view.recording && view.state === 'ended') byId('air-acts').append(el('a', { class: 'button button-s', href: view.watch }, icon('play', 'icon-s'), t('Watch the recording')));
    show(byId('air-failed'), false);
    if (had) byId('air-acts').querySelector<HTMLElement>('.button')?.focus();
  }

  #button(act: Act, view: BroadcastView, isMain: boolean): HTMLElement {
    const [picture, word] = {
      rehearse: ['people', t('Rehearse')], go: ['broadcast', t('Go live')], now: ['broadcast', t('Live at once')], pause: ['pause', t('Pause')],
      resume: ['play', t('Go on')], end: ['stop', view.state === 'planned' || view.state === 'rehearsal' ? t('Call it off') : t('End')],
    }[act] as [string, string];
    return el('button', { class: `button button-s${isMain ? ' button-main' : ''}`, type: 'button', 'data-act': act, onclick: (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#act(act)) }, icon(picture, 'icon-s'), word);
  }

  async #act(act: Act): Promise<void> {
    const view = this.#view;
    if (!view) return;
    if (act === 'go') { this.#live.ask(view); return; }
    if (act === 'end') { this.#askToEnd(view); return; }
    if (act === 'pause') { if (await this.#do('pause')) await this.#pauseCard(view); return; }
    if (act === 'resume' && view.scene.card) await this.#scene.apply({ card: null }); // What was said for the pause ends with it.
    await this.#do({ rehearse: 'rehearse', now: 'live', resume: 'resume' }[act]);
  }

  /** The pause comes first, its words afterwards. */
  async #pauseCard(view: BroadcastView): Promise<void> {
    const text = byId<HTMLInputElement>('pause-text').value.trim();
    if (text) await this.#scene.apply({ card: { kind: 'pause', title: view.title, text } });
  }

  #askToEnd(view: BroadcastView): void {
    const isBefore = view.state === 'planned' || view.state === 'rehearsal';
    const after = view.own ? t('This conversation ends with it, for everybody on stage.') : t('The conversation goes on without an audience.');
    setText(byId('ending-air-title'), isBefore ? t('Call the broadcast off?') : t('End the broadcast?'));
    setText(byId('ending-air-text'), `${isBefore ? t('It will not take place. This cannot be taken back.') : t('Nobody is seen from then on. Who watches can play the recording at once, on the same page.')} ${after}`);
    setText(byId('ending-air-word'), isBefore ? t('Call it off') : t('End the broadcast'));
    show(byId('ending-air-failed'), false);
    this.#ending.showModal();
  }

  async #do(step: string, place = 'air-failed'): Promise<boolean> {
    show(byId(place), false);
    try {
      this.#show(await post<BroadcastView>(`/api/v1/broadcasts/${this.room.session}/${step}`));
      return true;
    } catch (error) {
      setText(byId(place), sentence(error));
      show(byId(place), true);
      return false;
    }
  }

  #showLinks(view: BroadcastView): void {
    byId<HTMLAnchorElement>('studio-watch').href = view.watch;
    setText(byId('studio-who'), t('%(title)s · who may watch: %(who)s', { title: view.title, who: opennessWords(view.visibility) }));
    show(byId('studio-embed'), view.visibility !== 'private');
  }

  #tick(): void {
    const view = this.#view;
    if (!view) return;
    const [live, starts] = [view.live_at, view.starts_at].map((at) => (at ? Date.parse(at) : null)) as [number | null, number | null];
    const words = view.state === 'countdown' && starts ? duration(Math.ceil((starts - Date.now()) / 1000))
      : isOpen(view.state) && live ? duration((Date.now() - live) / 1000)
      : view.state === 'planned' && starts ? when(new Date(starts)) : '';
    setText(byId('air-time'), words);
  }
}

function hurdle(code: string): HTMLElement {
  return el('li', { 'data-code': code }, icon('alert', 'icon-s'), el('span', {}, hurdleWords(code), ...helpWith(code)));
}
