/** Who speaks: a ring round the tile, a word for screen readers, and whose picture is large where there are more than two. */

import { announce, setText } from '../dom';
import type { Speaking } from '../messages';
import type { Room } from '../room';
import { t } from '../text';

const ANNOUNCE_MS = 5000;

export class WhoSpeaks {
  /** Who had the word last, other than oneself. */
  main = '';
  #speaking: ReadonlySet<string> = new Set();
  #announcedAt = -ANNOUNCE_MS;

  constructor(readonly room: Room) {}

  hear(told: Speaking): void {
    this.#speaking = new Set(told.participants);
    if (!told.main || told.main === this.room.me || told.main === this.main) return;
    this.main = told.main;
    this.#announce();
  }

  /** Marks a figure: `id` speaks, or does not. */
  mark(figure: HTMLElement, id: string | null): void {
    const speaks = id !== null && this.#speaking.has(id);
    figure.classList.toggle('tile-speaks', speaks);
    setText(figure.querySelector('.tile-voice .unseen') as HTMLElement, speaks ? t('is speaking') : '');
  }

  /** Two people hear who it is; with more, a screen reader says it now and then, and never over every word. */
  #announce(): void {
    const others = this.room.people.filter(({ id, here }) => here && id !== this.room.me);
    const who = others.find(({ id }) => id === this.main);
    if (!who || others.length < 2 || performance.now() - this.#announcedAt < ANNOUNCE_MS) return;
    this.#announcedAt = performance.now();
    announce(t('%(name)s is speaking', { name: who.name }));
  }
}
