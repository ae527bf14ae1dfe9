/** Who is here: one large picture, the others small, and what is wrong at the moment. */

import type { Tracks } from '../call';
import { announce, byId, el, icon, setText, show } from '../dom';
import type { ParticipantView, PersonKind, Source } from '../messages';
import type { Room } from '../room';
import { t } from '../text';
import { lineSign } from './line_sign';
import { Lines } from './lines';
import { roomNote } from './room_note';
import { WhoSpeaks } from './who_speaks';
import { TileSizes } from './tile_sizes';

const tellsFrames = 'requestVideoFrameCallback' in HTMLVideoElement.prototype;

interface Tile { figure: HTMLElement; video: HTMLVideoElement; person: ParticipantView; source: Source; isPaused: boolean }

export class Stage {
  readonly #tiles = new Map<string, Tile>();
  readonly #sounds = new Map<string, HTMLAudioElement>();
  readonly #end: (() => void)[];
  readonly #sizes: TileSizes;
  #hasPicture: () => void = () => {};
  readonly #pictured = new Promise<void>((done) => { this.#hasPicture = done; });
  #pinned = '';
  #named = new Map<string, string>();
  readonly #voices: WhoSpeaks;
  readonly #lines: Lines;

  /** `large` is the kind of person whose picture is large when nobody shares a screen. `alone` is said while nobody else is here. */
  constructor(readonly room: Room, readonly large: PersonKind, readonly alone: () => string) {
    this.#voices = new WhoSpeaks(room);
    this.#lines = new Lines(room);
    if (room.speaking) this.#voices.hear(room.speaking);
    this.#sizes = new TileSizes(room);
    this.#end = [
      () => this.#sizes.close(),
      room.on('people', () => this.render()),
      room.on('state', () => this.render()),
      room.on('line', lineSign),
      room.on('speaking', (told) => { this.#voices.hear(told); this.#mark(); this.#arrange(); }),
      room.on('lines', (told) => { this.#lines.see(told); this.#mark(); }),
      room.devices.on('change', () => this.#renderSelf()),
      room.devices.on('list', () => this.#chooseSpeaker()),
      () => { byId('hear').onclick = null; byId('follow').onclick = null; },
    ];
    byId('hear').onclick = () => this.#hear();
    byId('follow').onclick = () => { this.#pinned = ''; this.#arrange(); };
    this.render();
    this.#renderSelf();
  }

  /** Until somebody's picture is there, and no longer than `limit_ms`: what can wait does not slow it down. */
  pictured(limit_ms: number): Promise<void> {
    return Promise.race([this.#pictured, new Promise<void>((done) => setTimeout(done, limit_ms))]);
  }

  close(): void {
    this.#end.forEach((end) => end());
    for (const tile of this.#tiles.values()) tile.figure.remove();
    for (const sound of this.#sounds.values()) sound.remove();
  }

  render(): void {
    const { room } = this;
    const tracks = room.tracks();
    // Who is in one of my slots is on stage, even before the list of people says so.
    const others = room.people.filter((person) => person.id !== room.me && (tracks.has(person.id) || (person.on_stage && person.here)));
    const wanted = new Map<string, [ParticipantView, Source, MediaStreamTrack | undefined]>();
    for (const person of others) {
      const { camera, screen } = tracks.get(person.id) ?? {};
      if (screen && person.state.screen) wanted.set(`${person.id}:screen`, [person, 'screen', screen]);
      wanted.set(`${person.id}:camera`, [person, 'camera', camera]);
    }
    for (const [key, tile] of this.#tiles) if (!wanted.has(key)) { tile.figure.remove(); this.#tiles.delete(key); this.#sizes.remove(key); }
    for (const [key, [person, source, track]] of wanted) this.#renderTile(key, person, source, track);
    this.#mark();
    this.#arrange();
    this.#renderSounds(others, tracks);
    this.#sayWhoCame(others);
    roomNote(room, others.length === 0 ? this.alone() : '');
  }

  #renderTile(key: string, person: ParticipantView, source: Source, track: MediaStreamTrack | undefined): void {
    const tile = this.#tiles.get(key) ?? this.#makeTile(key, person, source);
    tile.person = person;
    const isThere = person.here && !person.interrupted;
    const hasPicture = Boolean(track) && person.state[source] && isThere;
    const isPaused = hasPicture && this.room.isPaused(person.id, source);
    play(tile.video, hasPicture ? track : undefined);
    tile.figure.classList.toggle('tile-dark', !hasPicture || isPaused);
    if (tile.figure.classList.toggle('tile-paused', isPaused) && !tile.isPaused) announce(t('Your line is weak: the picture of %(name)s is paused', { name: person.name }));
    tile.isPaused = isPaused;
    setText(tile.figure.querySelector('.tile-letters') as HTMLElement, initials(person.name));
    setText(tile.figure.querySelector('.tile-state') as HTMLElement, !isThere ? t('Connection interrupted') : isPaused ? t('Paused: your line is weak') : '');
    setText(tile.figure.querySelector('.tile-name') as HTMLElement, source === 'screen' ? t('Screen of %(name)s', { name: person.name }) : person.name);
    show(tile.figure.querySelector('.tile-muted') as HTMLElement, source === 'camera' && !person.state.microphone && person.here);
  }

  #makeTile(key: string, person: ParticipantView, source: Source): Tile {
    const video = el('video', { autoplay: true, playsinline: true, muted: true });
    onPicture(video, () => this.#hasPicture());
    video.muted = true; // Sound has its own elements: pictures then always start by themselves.
    const figure = el('figure', { class: `tile tile-${source}`, 'data-person': person.id },
      video,
      el('div', { class: 'tile-off' }, el('span', { class: 'tile-letters', 'aria-hidden': 'true' }), el('span', { class: 'tile-state' })),
      el('figcaption', {}, el('span', { class: 'tile-voice' }, icon('mic'), el('span', { class: 'unseen' })), el('span', { class: 'tile-muted' }, icon('mic-off'), el('span', { class: 'unseen' }, t('muted'))), el('span', { class: 'tile-name' })),
      el('p', { class: 'sign tile-line', hidden: true }, icon('wifi'), el('span', { class: 'tile-line-words' })),
      el('button', { class: 'tile-pin', type: 'button', 'aria-label': t('Show %(name)s large', { name: person.name }), onclick: () => { this.#pinned = key; this.#arrange(); } }));
    byId('tiles').append(figure);
    const tile = { figure, video, person, source, isPaused: false };
    this.#tiles.set(key, tile);
    this.#sizes.add(key, figure);
    return tile;
  }

  #arrange(): void {
    const keys = [...this.#tiles.keys()];
    const is = (key: string, test: (tile: Tile) => boolean): boolean => { const tile = this.#tiles.get(key); return tile !== undefined && test(tile); };
    const speaker = `${this.#voices.main}:camera`;
    const main = keys.find((key) => key === this.#pinned) ?? keys.find((key) => is(key, (tile) => tile.source === 'screen'))
      ?? keys.find((key) => keys.length > 1 && key === speaker) ?? keys.find((key) => is(key, (tile) => tile.person.kind === this.large)) ?? keys[0];
    let place = 0;
    for (const [key, tile] of this.#tiles) {
      tile.figure.classList.toggle('tile-main', key === main);
      show(tile.figure.querySelector('.tile-pin') as HTMLElement, key !== main);
      if (key !== main) tile.figure.style.setProperty('--place', String(place++));
    }
    byId('stage').classList.toggle('stage-empty', keys.length === 0);
    show(byId('follow'), keys.length > 1 && main === this.#pinned);
  }

  /** Who speaks, and whose line is weak. */
  #mark(): void {
    for (const { figure, person, source } of this.#tiles.values()) {
      this.#voices.mark(figure, source === 'camera' ? person.id : null);
      this.#lines.mark(figure, source === 'camera' && person.here ? person.id : null);
    }
    this.#voices.mark(byId('self'), this.room.me);
  }

  #renderSelf(): void {
    const { camera } = this.room.devices.tracks;
    const isOn = this.room.devices.isOn('camera');
    play(byId<HTMLVideoElement>('self-video'), isOn ? camera : undefined);
    byId('self-video').classList.toggle('mirrored', this.room.devices.facing === 'user');
    show(byId('self'), isOn);
  }

  #renderSounds(others: readonly ParticipantView[], tracks: ReadonlyMap<string, Tracks>): void {
    for (const [id, sound] of this.#sounds) if (!tracks.get(id)?.microphone) { sound.remove(); this.#sounds.delete(id); }
    for (const { id } of others) {
      const track = tracks.get(id)?.microphone;
      if (!track) continue;
      const sound = this.#sounds.get(id) ?? el('audio', { autoplay: true });
      if (!this.#sounds.has(id)) { this.#sounds.set(id, sound); byId('sounds').append(sound); this.#chooseSpeaker(); }
      play(sound, track, () => show(byId('hear'), true));
    }
  }

  #hear(): void {
    for (const sound of this.#sounds.values()) void sound.play();
    show(byId('hear'), false);
  }

  #chooseSpeaker(): void {
    const { speaker } = this.room.devices;
    for (const sound of this.#sounds.values()) if (speaker && 'setSinkId' in sound) void sound.setSinkId(speaker).catch(() => {});
  }

  #sayWhoCame(others: readonly ParticipantView[]): void {
    const now = new Map(others.filter((one) => one.here).map(({ id, name }) => [id, name]));
    for (const [id, name] of now) if (!this.#named.has(id)) announce(t('%(name)s is here', { name }));
    for (const [id, name] of this.#named) if (!now.has(id)) announce(t('%(name)s is gone', { name }));
    this.#named = now;
  }
}

/** Once, when the first picture is on the screen: what is done before delays it. (A stream shows a speck of its own before.) */
function onPicture(video: HTMLVideoElement, shown: () => void): void {
  if (tellsFrames) video.requestVideoFrameCallback((_, { width }) => { if (width > 16) setTimeout(shown); else onPicture(video, shown); });
  else video.addEventListener('resize', () => { if (video.videoWidth > 16) shown(); });
}

function play(element: HTMLMediaElement, track: MediaStreamTrack | undefined, blocked: () => void = () => {}): void {
  const current = element.srcObject instanceof MediaStream ? element.srcObject.getTracks()[0] : undefined;
  if (current === track) return;
  element.srcObject = track ? new MediaStream([track]) : null;
  if (track) element.play().catch((error: Error) => { if (error.name === 'NotAllowedError') blocked(); });
}

function initials(name: string): string {
  return name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, 2).map((word) => [...word][0]?.toUpperCase() ?? '').join('');
}
