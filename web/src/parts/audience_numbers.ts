/** How a broadcast goes or went: numbers, viewers over time, and the same as a table. For agents. */

import { get } from '../api';
import { el } from '../dom';
import type { NumbersView, StepView } from '../messages';
import { amount, clock, duration, t } from '../text';
import { curve, drawn } from './plots';

const MARKS = 4;

/** Fills `place`; `isLive` says who is there now as well. Raises what the server refuses. */
export async function showNumbers(place: HTMLElement, session: string, isLive: boolean): Promise<void> {
  const numbers = await get<NumbersView>(`/api/v1/broadcasts/${session}/numbers`);
  const facts: [string, string][] = [
    ...(isLive ? [[t('Viewers now'), amount(numbers.now)] as [string, string]] : []),
    [t('Most at once'), amount(numbers.peak)],
    [t('Average'), amount(numbers.average)],
    [t('Hours watched'), amount(numbers.watch_s / 3600)],
    [t('Took part'), amount(numbers.members)],
    [t('Questions'), amount(numbers.questions)],
    [t('Votes'), amount(numbers.votes)],
    [t('Chat lines'), isLive ? t('%(lines)s, %(rate)s a minute', { lines: amount(numbers.lines), rate: amount(numbers.lines_a_minute) }) : amount(numbers.lines)],
  ];
  const list = el('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', { class: 'figures' }, value)]));
  place.replaceChildren(list, ...(numbers.steps.length ? overTime(numbers) : []));
}

function overTime(numbers: NumbersView): HTMLElement[] {
  const every = Math.max(1, Math.ceil(numbers.steps.length / MARKS));
  const at = (step: StepView): string => clock(new Date(step.at));
  const points = numbers.steps.map((step, index) => ({
    label: t('From %(time)s: %(average)s on average, %(peak)s at most', { time: at(step), average: amount(step.average), peak: amount(step.peak) }),
    mark: index % every === 0 ? at(step) : '', average: step.air_s ? step.average : null, peak: step.peak,
  }));
  const label = t('Viewers over time: %(average)s on average, %(peak)s at most', { average: amount(numbers.average), peak: amount(numbers.peak) });
  const plot = el('div', { class: 'reach-curve' });
  drawn(plot, (width) => curve(points, label, width, amount));
  const row = (step: StepView): HTMLElement => el('tr', {}, el('th', { scope: 'row' }, at(step)), ...[amount(step.average), amount(step.peak), duration(step.watch_s)].map((text) => el('td', {}, text)));
  const head = [t('From'), t('Average'), t('Most at once'), t('Watched')].map((word) => el('th', { scope: 'col' }, word));
  const table = el('div', { class: 'reach-table', role: 'region', tabindex: '0', 'aria-label': t('Viewers over time') }, el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...numbers.steps.map(row))));
  return [plot, el('details', { class: 'more' }, el('summary', {}, t('The same as a table')), table)];
}
