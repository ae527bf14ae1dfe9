/** Tells the server how large each picture is shown, so that nobody gets more than can be seen: small tiles and hidden tabs need little. */

import type { Room } from '../room';

const QUIET_MS = 250;
/** More than two dots for each pixel nobody sees in a moving picture, and phones have three. */
const DENSITY_MAX = 2;

export class TileSizes {
  readonly #tiles = new Map<string, HTMLElement>();
  readonly #observer = new ResizeObserver(() => this.#soon());
  readonly #shown = (): void => { if (document.hidden) this.#soon(); else this.#tell(); };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly room: Room) {
    document.addEventListener('visibilitychange', this.#shown);
  }

  /** `key` is the person and what the tile shows: "id:camera". */
  add(key: string, tile: HTMLElement): void {
    this.#tiles.set(key, tile);
    this.#observer.observe(tile);
  }

  remove(key: string): void {
    const tile = this.#tiles.get(key);
    if (tile) this.#observer.unobserve(tile);
    this.#tiles.delete(key);
    this.#soon();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    document.removeEventListener('visibilitychange', this.#shown);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), QUIET_MS);
  }

  #tell(): void {
    const density = document.hidden ? 0 : Math.min(devicePixelRatio, DENSITY_MAX);
    this.room.see(new Map([...this.#tiles].map(([key, tile]) => [key, { width: Math.round(tile.clientWidth * density), height: Math.round(tile.clientHeight * density) }])));
  }
}
