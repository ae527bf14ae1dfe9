/** The controls under a picture: play, live, where one is, sound, choices, picture in picture, full screen; by hand, finger and key. */

import { announce, byId, el, icon, isShown, setIcon, setText, show } from '../dom';
import type { Level, LivePlayer } from '../live_player';
import { duration, t } from '../text';
import { actOf, behind_s, isNear, jumped, type Place } from '../watching';

const STEP_S = 10;
const IDLE_MS = 3000;
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

export class PlayerBar {
  readonly #frame = byId('player');
  readonly #video: HTMLVideoElement;
  readonly #seek = byId<HTMLInputElement>('seek');
  readonly #live = byId('to-live');
  #levels: readonly Level[] = [];
  #isDragging = false;
  #idle = 0;

  constructor(private readonly player: LivePlayer) {
    this.#video = player.video;
    this.#wireButtons();
    this.#wireSeek();
    this.#wireKeys();
    this.#wireIdle();
    player.on('levels', (levels) => { this.#levels = levels; this.#fillMenu(); });
    for (const name of ['play', 'pause', 'timeupdate', 'progress', 'durationchange', 'volumechange', 'ended']) this.#video.addEventListener(name, () => this.render());
    setInterval(() => this.render(), 1000);
    this.#fillMenu();
    this.render();
  }

  toggle(): void {
    if (this.#video.paused) void this.#video.play().catch(() => {});
    else this.#video.pause();
    this.player.moved();
  }

  jump(by_s: number): void {
    const place = this.player.place();
    if (!place) return;
    this.#video.currentTime = jumped(place, by_s);
    this.player.moved();
    announce(this.#words(this.player.place() ?? place));
  }

  render(): void {
    const paused = this.#video.paused;
    this.#press('play', paused ? 'play' : 'pause', paused ? t('Play') : t('Pause'));
    const silent = this.#video.muted || this.#video.volume === 0;
    this.#press('sound', silent ? 'sound-off' : 'sound', silent ? t('Sound on') : t('Sound off'));
    byId<HTMLInputElement>('volume').value = String(this.#video.muted ? 0 : this.#video.volume);
    const place = this.player.place();
    show(byId('seek-row'), place !== null);
    if (place) this.#renderPlace(place);
  }

  #renderPlace(place: Place): void {
    const isLive = this.player.isLive;
    const near = isLive && isNear(place) && !this.#video.paused;
    show(this.#live, isLive);
    this.#live.classList.toggle('at-edge', near);
    setText(byId('to-live-word'), near ? t('Live') : t('Back to live'));
    setText(byId('place'), isLive ? (near ? '' : `−${duration(behind_s(place))}`) : `${duration(place.at_s)} / ${duration(place.edge_s)}`);
    if (this.#isDragging) return;
    this.#seek.min = String(place.start_s);
    this.#seek.max = String(place.edge_s);
    this.#seek.value = String(near ? place.edge_s : place.at_s);
    this.#seek.setAttribute('aria-valuetext', this.#words(place));
    this.#seek.style.setProperty('--done', `${100 * (Number(this.#seek.value) - place.start_s) / Math.max(1, place.edge_s - place.start_s)}%`);
  }

  #words(place: Place): string {
    if (!this.player.isLive) return t('%(at)s of %(whole)s', { at: duration(place.at_s), whole: duration(place.edge_s) });
    return isNear(place) ? t('Live') : t('%(time)s behind live', { time: duration(behind_s(place)) });
  }

  #press(id: string, picture: string, words: string): void {
    const button = byId(id);
    if (button.getAttribute('aria-label') === words) return;
    setIcon(button, picture);
    button.setAttribute('aria-label', words);
    button.title = words;
  }

  #wireButtons(): void {
    byId('play').addEventListener('click', () => this.toggle());
    byId('sound').addEventListener('click', () => this.#mute());
    byId('volume').addEventListener('input', (event) => { this.#loud(Number((event.target as HTMLInputElement).value)); });
    this.#live.addEventListener('click', () => this.#toLive());
    this.#video.addEventListener('click', () => { if (matchMedia('(hover: hover)').matches) this.toggle(); });
    show(byId('full'), Boolean(document.fullscreenEnabled || 'webkitEnterFullscreen' in this.#video));
    byId('full').addEventListener('click', () => this.#full());
    document.addEventListener('fullscreenchange', () => this.#press('full', document.fullscreenElement ? 'shrink' : 'full', document.fullscreenElement ? t('Leave full screen') : t('Full screen')));
    show(byId('small'), Boolean(document.pictureInPictureEnabled));
    byId('small').addEventListener('click', () => void (document.pictureInPictureElement ? document.exitPictureInPicture() : this.#video.requestPictureInPicture()).catch(() => {}));
    byId('choices').addEventListener('click', () => this.#openMenu(!isShown(byId('menu'))));
    document.addEventListener('pointerdown', (event) => { if (!(event.target as Element).closest('#menu, #choices')) this.#openMenu(false); });
  }

  #mute(): void {
    this.#video.muted = !this.#video.muted;
    if (!this.#video.muted && this.#video.volume === 0) this.#video.volume = 0.5;
  }

  #loud(volume: number): void {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = volume <= 0;
  }

  #toLive(): void {
    if (!this.player.isLive) return;
    this.player.toEdge();
    announce(t('Live'));
  }

  #full(): void {
    const apple = this.#video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (this.#frame.requestFullscreen) void this.#frame.requestFullscreen().catch(() => {});
    else apple.webkitEnterFullscreen?.();
  }

  #wireSeek(): void {
    this.#seek.addEventListener('input', () => {
      this.#isDragging = true;
      const place = this.player.place();
      if (place) setText(byId('place'), this.player.isLive ? `−${duration(place.edge_s - Number(this.#seek.value))}` : duration(Number(this.#seek.value)));
    });
    this.#seek.addEventListener('change', () => {
      this.#isDragging = false;
      const place = this.player.place();
      const wished = Number(this.#seek.value);
      if (place && this.player.isLive && place.edge_s - wished < 2) this.player.toEdge();
      else { this.#video.currentTime = wished; this.player.moved(); }
    });
  }

  /** Keys count wherever one is on the page, but not where somebody writes or another control wants the key itself. */
  #wireKeys(): void {
    document.addEventListener('keydown', (event) => {
      const target = event.target as Element;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input:not([type=range]), textarea, select, dialog, [role=tab], [contenteditable]')) return;
      const onControl = target.closest('button, a, summary');
      const act = actOf(event.key);
      if (!act || (onControl && event.key === ' ') || (target.matches('input[type=range]') && event.key.startsWith('Arrow') && target !== this.#seek)) return;
      if (act === 'louder' || act === 'quieter') { if (!this.#frame.contains(target) || target === this.#seek) return; }
      event.preventDefault();
      this.#act(act);
      this.#wake();
    });
  }

  #act(act: Exclude<ReturnType<typeof actOf>, ''>): void {
    const acts = {
      play: () => this.toggle(), back: () => this.jump(-STEP_S), on: () => this.jump(STEP_S), mute: () => this.#mute(), full: () => this.#full(),
      live: () => this.#toLive(), captions: () => this.#nextCaptions(), louder: () => this.#loud(this.#video.volume + 0.1), quieter: () => this.#loud(this.#video.volume - 0.1),
    };
    acts[act]();
  }

  /** The controls leave the picture alone while it plays and nobody moves. */
  #wireIdle(): void {
    for (const name of ['pointermove', 'pointerdown', 'focusin'] as const) this.#frame.addEventListener(name, () => this.#wake());
    for (const name of ['play', 'pause']) this.#video.addEventListener(name, () => this.#wake());
  }

  #wake(): void {
    this.#frame.classList.remove('is-idle');
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const busy = this.#video.paused || isShown(byId('menu')) || this.#frame.querySelector(':focus-visible') !== null;
      this.#frame.classList.toggle('is-idle', !busy);
    }, IDLE_MS);
  }

  #openMenu(open: boolean): void {
    if (open) this.#fillMenu();
    show(byId('menu'), open);
    byId('choices').setAttribute('aria-expanded', String(open));
  }

  /** Quality where there is a choice, captions where there are some, speed where nothing is live. */
  #fillMenu(): void {
    const groups = [this.#qualities(), this.#captions(), this.#speeds()].filter((group) => group !== null);
    show(byId('choices'), groups.length > 0);
    byId('menu').replaceChildren(...groups);
  }

  #qualities(): HTMLElement | null {
    if (this.#levels.length < 2) return null;
    const automatic = !this.#levels.some((level) => level.chosen);
    const options = this.#levels.map((level) => this.#option(`${level.height}p`, level.chosen, () => this.player.choose(level.height)));
    return this.#group(t('Quality'), [this.#option(t('Automatic'), automatic, () => this.player.choose(null)), ...options]);
  }

  #captions(): HTMLElement | null {
    const tracks = [...this.#video.textTracks];
    if (!tracks.length) return null;
    const off = !tracks.some((track) => track.mode === 'showing');
    const options = tracks.map((track) => this.#option(track.label || track.language, track.mode === 'showing', () => this.#caption(track)));
    return this.#group(t('Captions'), [this.#option(t('Off'), off, () => this.#caption(null)), ...options]);
  }

  #caption(chosen: TextTrack | null): void {
    for (const track of this.#video.textTracks) track.mode = track === chosen ? 'showing' : 'disabled';
  }

  #nextCaptions(): void {
    const tracks = [...this.#video.textTracks];
    const at = tracks.findIndex((track) => track.mode === 'showing');
    this.#caption(tracks[at + 1] ?? null);
  }

  #speeds(): HTMLElement | null {
    if (!this.player.place() || this.player.isLive) return null;
    return this.#group(t('Speed'), SPEEDS.map((speed) => this.#option(`${speed} ×`, this.#video.playbackRate === speed, () => { this.#video.playbackRate = speed; })));
  }

  #group(name: string, options: HTMLElement[]): HTMLElement {
    return el('div', { class: 'menu-group', role: 'group', 'aria-label': name }, el('p', { class: 'menu-head', 'aria-hidden': 'true' }, name), ...options);
  }

  #option(words: string, chosen: boolean, choose: () => void): HTMLElement {
    const chooseAndClose = (): void => { choose(); this.#openMenu(false); byId('choices').focus(); };
    return el('button', { class: 'menu-option', type: 'button', 'aria-pressed': String(chosen), onclick: chooseAndClose }, chosen ? icon('check', 'icon-s') : '', words);
  }
}
