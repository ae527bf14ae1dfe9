/** Plots as inline SVG: how much of a limit is reached, and a curve over time. What they say stands in a table or a sentence beside them. */

const SVG = 'http://www.w3.org/2000/svg';
type Facts = Readonly<Record<string, string | number>>;

function shape(name: string, facts: Facts, ...inside: (Node | string)[]): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, String(value));
  made.append(...inside);
  return made;
}

/** A bar of `value` against `limit`, with a mark at `warn`. */
export function limitBar(value: number, limit: number, warn: number, label: string, width: number): SVGElement {
  const at = (one: number): number => Math.round(Math.min(1, one / limit) * width);
  const state = value >= limit ? 'plot-over' : value >= warn ? 'plot-near' : 'plot-below';
  return shape('svg', { viewBox: `0 0 ${width} 36`, width, height: 36, role: 'img', 'aria-label': label },
    shape('rect', { class: 'plot-ground', x: 0, y: 8, width, height: 20, rx: 10 }),
    shape('rect', { class: state, x: 0, y: 8, width: value > 0 ? Math.max(20, at(value)) : 0, height: 20, rx: 10 }),
    shape('line', { class: 'plot-mark', x1: at(warn), x2: at(warn), y1: 2, y2: 34 }));
}

/** One place of a curve; `average` is null where there is nothing to average. */
export interface Point { label: string; mark: string; average: number | null; peak: number }

const [LEFT, RIGHT, TOP, BOTTOM, HEIGHT] = [64, 12, 12, 28, 220];

/** Averages as a line and peaks as bars, one for each point in the same distance. `mark` is written below; `number` writes the scale. */
export function curve(points: readonly Point[], label: string, width: number, number: (value: number) => string): SVGElement {
  const top = niceTop(Math.max(1, ...points.map((point) => Math.max(point.peak, point.average ?? 0))));
  const space = (width - LEFT - RIGHT) / points.length;
  const x = (index: number): number => round(LEFT + space * (index + 0.5));
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP));
  const lines = [0, 0.5, 1].filter((part) => part !== 0.5 || top > 1).flatMap((part) => [
    shape('line', { class: 'plot-line', x1: LEFT, x2: width - RIGHT, y1: y(top * part), y2: y(top * part) }),
    shape('text', { class: 'plot-word', x: LEFT - 8, y: y(top * part) + 5, 'text-anchor': 'end' }, number(top * part))]);
  const bars = points.map((point, index) => shape('rect', { class: 'plot-peak', x: round(x(index) - space * 0.35), width: round(space * 0.7), y: y(point.peak), height: round(y(0) - y(point.peak)), rx: 2 },
    shape('title', {}, point.label)));
  const marks = points.map((point, index) => point.mark && x(index) < width - 24 ? shape('text', { class: 'plot-word', x: x(index), y: HEIGHT - 8, 'text-anchor': 'middle' }, point.mark) : '');
  const places = points.map(({ average }, index) => (average === null ? null : { x: x(index), y: y(average) }));
  const ways = runs(places).map((run) => shape('polyline', { class: 'plot-average', points: run.map((one) => `${one.x},${one.y}`).join(' ') }));
  const dots = places.flatMap((one) => (one ? [shape('circle', { class: 'plot-dot', cx: one.x, cy: one.y, r: 3 })] : []));
  return shape('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img', 'aria-label': label },
    ...lines, ...bars, ...marks, ...ways, ...dots);
}

/** What stands side by side without a gap. */
export function runs<T>(places: readonly (T | null)[]): T[][] {
  const found: T[][] = [[]];
  for (const one of places) {
    if (one !== null) found.at(-1)?.push(one);
    else if (found.at(-1)?.length) found.push([]);
  }
  return found.filter((run) => run.length > 0);
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The smallest of 1, 2, 4, 5 or 10 times a power of ten that holds the value. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10);
}

/** Draws into `place` now and whenever its width changes. */
export function drawn(place: HTMLElement, draw: (width: number) => SVGElement): void {
  watchers.get(place)?.disconnect();
  let width = 0;
  const watcher = new ResizeObserver(() => {
    if (place.clientWidth === width || place.clientWidth < 40) return;
    width = place.clientWidth;
    place.replaceChildren(draw(width));
  });
  watchers.set(place, watcher);
  watcher.observe(place);
}

const watchers = new WeakMap<HTMLElement, ResizeObserver>();
