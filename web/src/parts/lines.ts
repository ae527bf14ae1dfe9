/** How everybody's line is, for agents: a sign on each tile whose line is weak, and the numbers for those who want them. */

import { announce, byId, el, icon, isShown, setIcon, setText, show } from '../dom';
import type { PersonLine } from '../messages';
import type { Room } from '../room';
import { t } from '../text';
import { ownLine } from './line_sign';
import { lineIcon, lineNumbers, lineWords, ownWords } from './line_words';

export class Lines {
  #lines = new Map<string, PersonLine>();
  readonly #said = new Map<string, string>();

  constructor(readonly room: Room) {}

  see(lines: readonly PersonLine[]): void {
    this.#lines = new Map(lines.map((line) => [line.participant, line]));
    ownLine(this.#lines.get(this.room.me ?? '') ?? null);
    for (const line of lines) if (line.participant !== this.room.me) this.#announce(line);
    this.#renderDetails();
  }

  /** Marks a tile: a sign while that person's line is weak. */
  mark(figure: HTMLElement, id: string | null): void {
    const line = id === null ? undefined : this.#lines.get(id);
    const sign = figure.querySelector('.tile-line') as HTMLElement;
    const isWeak = line !== undefined && line.state !== 'good';
    show(sign, isWeak);
    if (!isWeak) return;
    sign.classList.toggle('sign-bad', line.state === 'bad');
    setIcon(sign, lineIcon(line.state));
    setText(sign.querySelector('.tile-line-words') as HTMLElement, lineWords(line, this.#name(line)));
  }

  #name({ participant }: PersonLine): string {
    return this.room.people.find(({ id }) => id === participant)?.name ?? '';
  }

  /** Once when it becomes weak, or weak for another reason. */
  #announce(line: PersonLine): void {
    const words = line.state === 'good' ? '' : lineWords(line, this.#name(line));
    if (words && this.#said.get(line.participant) !== words) announce(words);
    this.#said.set(line.participant, words);
  }

  #renderDetails(): void {
    const details = document.getElementById('work-lines');
    if (!details) return; // Only agents have them.
    const known = [...this.#lines.values()].filter((line) => this.#name(line)).sort((one, other) => Number(one.participant === this.room.me) - Number(other.participant === this.room.me));
    show(details, known.length > 0);
    const worst = known.some(({ state }) => state === 'bad') ? 'bad' : known.some(({ state }) => state === 'weak') ? 'weak' : 'good';
    const badge = byId('work-lines-state');
    badge.className = `badge ${worst === 'good' ? 'badge-good' : 'badge-warn'}`;
    setIcon(badge, worst === 'good' ? 'check' : lineIcon(worst));
    setText(badge.querySelector('span') as HTMLElement, worst === 'good' ? t('good') : worst === 'weak' ? t('weak') : t('bad'));
    if (isShown(details)) byId('lines').replaceChildren(...known.map((line) => this.#person(line)));
  }

  #person(line: PersonLine): HTMLLIElement {
    const isMe = line.participant === this.room.me;
    return el('li', { class: `line-of line-of-${line.state}` },
      el('p', { class: 'line-of-head' }, icon(line.state === 'good' ? 'check' : lineIcon(line.state)), isMe ? ownWords(line) : lineWords(line, this.#name(line))),
      el('dl', { class: 'facts figures' }, ...lineNumbers(line).flatMap(([name, words]) => [el('dt', {}, name), el('dd', {}, words)])));
  }
}
