/** Under whose name broadcasts stand, and how many watch at the same time, against the 20,000 of § 54 MStV. Admins change the first. */

import { get, isCode, patch, Problem, sentence } from '../api';
import { byId, el, setText, show, toast, whileBusy } from '../dom';
import type { ChannelsView, ChannelView, ReachView, StepView } from '../messages';
import { curve, drawn, limitBar } from '../parts/plots';
import { amount, day, month, t } from '../text';

const PATH = '/api/v1/channels';
const FIELDS = ['name', 'responsible_name', 'responsible_address', 'imprint_url'] as const;
const choice = byId<HTMLSelectElement>('channel');
const form = byId<HTMLFormElement>('settings');
const field = (name: string): HTMLInputElement => byId<HTMLInputElement>(name);
let channels: ChannelView[] = [];

choice.addEventListener('change', () => void showChannel());
form.addEventListener('submit', (event) => { event.preventDefault(); if (document.getElementById('save')) void whileBusy(byId('save'), save); });
void read();

async function read(): Promise<void> {
  try {
    channels = (await get<ChannelsView>(PATH)).channels.map((one) => one.channel);
    choice.replaceChildren(...channels.map((one) => el('option', { value: one.id }, one.name)));
    show(byId('channel-choice'), channels.length > 1);
    await showChannel();
  } catch (error) {
    if (isCode(error, 'not_signed_in')) location.assign('/desk/sign-in?next=/desk/channel');
    fail('channel-failed', sentence(error));
  }
}

async function showChannel(): Promise<void> {
  const channel = channels.find((one) => one.id === choice.value) ?? channels[0];
  if (!channel) return;
  fill(channel);
  try {
    showReach(await get<ReachView>(`${PATH}/${channel.id}/reach`));
    fail('channel-failed', '');
  } catch (error) {
    fail('channel-failed', sentence(error));
  }
}

function fill(channel: ChannelView): void {
  for (const name of FIELDS) field(name).value = channel[name];
  field('warn_share').value = String(Math.round(channel.warn_share * 100));
  show(byId('incomplete'), !channel.complete);
  for (const kind of ['csv', 'json']) byId<HTMLAnchorElement>(`export-${kind}`).href = `${PATH}/${channel.id}/reach.${kind}`;
}

function showReach(reach: ReachView): void {
  byId('reach').setAttribute('aria-busy', 'false');
  setText(byId('air-average'), amount(reach.air_average));
  setText(byId('all-average'), amount(reach.all_average));
  setText(byId('peak'), amount(reach.peak));
  const words = t('%(value)s of %(limit)s, %(percent)s %', { value: amount(reach.air_average), limit: amount(reach.limit), percent: amount(reach.share * 100) });
  drawn(byId('bar'), (width) => limitBar(reach.air_average, reach.limit, reach.limit * reach.channel.warn_share, words, width));
  setText(byId('period'), t('%(words)s. From %(since)s to %(until)s, %(hours)s hours on air.', { words, since: day(new Date(reach.since)), until: day(new Date(reach.until)), hours: amount(reach.air_s / 3600) }));
  setText(byId('forecast'), forecast(reach));
  showStanding(reach);
  showWeeks(reach);
}

function forecast({ forecast: coming }: ReachView): string {
  if (!coming) return t('A forecast needs broadcasts in at least four weeks.');
  const average = t('If it goes on as in the last weeks, the average will be %(value)s in six months.', { value: amount(coming.average) });
  return coming.reaches_on ? `${average} ${t('It then reaches the limit in the week from %(day)s.', { day: day(new Date(coming.reaches_on)) })}` : average;
}

function showStanding(reach: ReachView): void {
  const isOver = reach.air_average >= reach.limit;
  const text = isOver ? t('The six-month average has reached 20,000 simultaneous viewers. Broadcasts that follow a schedule need a licence: talk to your state media authority.')
    : reach.standing === 'over' ? t('By forecast, the six-month average reaches 20,000 simultaneous viewers. Talk to your state media authority in time: it confirms on request that no licence is needed, or tells you what to do.')
      : t('The six-month average is near 20,000 simultaneous viewers. Above it, broadcasts that follow a schedule need a licence.');
  setText(byId('standing-text'), text);
  show(byId('standing'), reach.standing !== 'below');
  byId('standing').className = `notice ${isOver ? 'notice-bad' : 'notice-warn'}`;
}

function showWeeks(reach: ReachView): void {
  const isEmpty = reach.air_s === 0;
  for (const [id, visible] of [['curve', !isEmpty], ['legend', !isEmpty], ['weeks-part', !isEmpty], ['no-weeks', isEmpty]] as const) show(byId(id), visible);
  if (isEmpty) return;
  const points = reach.weeks.map((week, index) => ({ label: weekWords(week), mark: mark(reach.weeks, index), average: week.air_s ? week.average : null, peak: week.peak }));
  const label = t('Viewers week by week: %(average)s on average, %(peak)s at most', { average: amount(reach.air_average), peak: amount(reach.peak) });
  drawn(byId('curve'), (width) => curve(points, label, width, amount));
  const row = (week: StepView): HTMLElement => el('tr', {}, el('th', { scope: 'row' }, day(new Date(week.at))),
    ...[week.average, week.peak, week.air_s / 3600, week.watch_s / 3600].map((value) => el('td', {}, week.air_s ? amount(value) : '–')));
  byId('weeks').replaceChildren(...reach.weeks.map(row).reverse());
}

const weekWords = (week: StepView): string =>
  t('Week from %(day)s: %(average)s on average, %(peak)s at most', { day: day(new Date(week.at)), average: amount(week.average), peak: amount(week.peak) });

/** The month, below its first whole week. */
function mark(weeks: readonly StepView[], index: number): string {
  const of = (at: number): string => month(new Date(weeks[at]?.at ?? 0));
  return index > 0 && of(index) !== of(index - 1) ? of(index) : '';
}

async function save(): Promise<void> {
  for (const one of form.querySelectorAll('[aria-invalid]')) one.removeAttribute('aria-invalid');
  fail('settings-failed', '');
  const share = field('warn_share');
  const wrong = [field('name'), share].find((one) => !one.checkValidity());
  if (wrong) return refuse(wrong.id, wrong === share ? t('Please give a whole number from 1 to 100.') : t('Please give a name.'));
  try {
    const wish = Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()]));
    const changed = await patch<ChannelView>(`${PATH}/${choice.value}`, { ...wish, warn_share: Number(share.value) / 100 });
    channels = channels.map((one) => (one.id === changed.id ? changed : one));
    await showChannel();
    toast(t('Saved.'));
  } catch (error) {
    refuse(error instanceof Problem ? String(error.facts['field'] ?? '') : '', sentence(error));
  }
}

function refuse(name: string, words: string): void {
  fail('settings-failed', words);
  const wrong = form.elements.namedItem(name);
  if (wrong instanceof HTMLElement) { wrong.setAttribute('aria-invalid', 'true'); wrong.focus(); }
}

function fail(id: string, words: string): void {
  setText(byId(id), words);
  show(byId(id), Boolean(words));
}
