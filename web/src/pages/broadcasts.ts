/** Broadcasts at the desk: what is on air, what comes, what was; and planning one. */

import { get, isCode, sentence } from '../api';
import { Connection } from '../connection';
import { byId, el, setText, show } from '../dom';
import type { BroadcastRow, BroadcastsView, ChannelsView } from '../messages';
import { BroadcastEdit } from '../parts/broadcast_edit';
import { broadcastRow } from '../parts/broadcast_row';
import { LinksOfBroadcast } from '../parts/broadcast_links';
import { Planning } from '../parts/planning';
import { isComposed } from '../parts/studio_steps';
import { t } from '../text';

const PATH = '/api/v1/broadcasts';
const line = new Connection('agent');
const links = new LinksOfBroadcast();
const editing = new BroadcastEdit(() => void read());
let rows: readonly BroadcastRow[] = [];
let next: string | null = null;
let isReading = false;
let isStale = false;

new Planning((made) => { void read(); links.open(made.session, made.title, made.visibility); });
byId('more').addEventListener('click', () => void readMore());
line.on('desk', () => void read());
line.on('line', ({ up }) => { if (up) void read(); });
line.on('bye', ({ reason }) => { if (reason !== 'restarting') location.assign('/desk/sign-in?next=/desk/broadcasts'); });
line.watchDesk();
line.open();
void read();
void checkChannel();

/** Reads the list once for however many changes came meanwhile. */
async function read(): Promise<void> {
  isStale = true;
  if (isReading) return;
  isReading = true;
  try {
    while (isStale) {
      isStale = false;
      const view = await get<BroadcastsView>(PATH);
      [rows, next] = [view.broadcasts, view.next];
    }
    fail('');
    render();
  } catch (error) {
    if (isCode(error, 'not_signed_in')) location.assign('/desk/sign-in?next=/desk/broadcasts');
    fail(sentence(error));
  } finally {
    isReading = false;
  }
}

async function readMore(): Promise<void> {
  try {
    const view = await get<BroadcastsView>(`${PATH}?before=${encodeURIComponent(next ?? '')}`);
    [rows, next] = [[...rows, ...view.broadcasts], view.next];
    render();
  } catch (error) {
    fail(sentence(error));
  }
}

function render(): void {
  const groups: [string, string, readonly BroadcastRow[]][] = [
    ['now', t('On air now'), rows.filter((one) => isComposed(one.state))],
    ['coming', t('Planned'), rows.filter((one) => one.state === 'planned').sort(byStart)],
    ['over', t('Over'), rows.filter((one) => one.state === 'ended')],
  ];
  const had = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>('[data-broadcast]')?.dataset['broadcast'];
  byId('broadcasts').replaceChildren(...groups.filter(([, , some]) => some.length > 0).map(([id, head, some]) => el('section', { 'aria-labelledby': `head-${id}` },
    el('h2', { id: `head-${id}` }, head),
    el('ul', { class: 'card broadcast-list' }, ...some.map((one) => broadcastRow(one, () => links.open(one.session, one.title, one.visibility, one.state === 'ended'), () => void editing.open(one.session)))))));
  byId('broadcasts').setAttribute('aria-busy', 'false');
  if (had) byId('broadcasts').querySelector<HTMLElement>(`[data-broadcast="${CSS.escape(had)}"] .button`)?.focus();
  show(byId('no-broadcasts'), rows.length === 0);
  show(byId('more'), next !== null);
  sayOver();
}

/** What begins next comes first; what has no time, last. */
function byStart(one: BroadcastRow, other: BroadcastRow): number {
  return (one.starts_at ? Date.parse(one.starts_at) : Infinity) - (other.starts_at ? Date.parse(other.starts_at) : Infinity) || 0;
}

/** The studio leads here when a broadcast has ended. */
function sayOver(): void {
  const over = rows.find((one) => one.session === new URLSearchParams(location.search).get('over') && one.state === 'ended');
  show(byId('just-over'), over !== undefined);
  if (!over) return;
  setText(byId('just-over-text'), over.recording ? t('“%(title)s” is over. The recording plays on the same page at once.', { title: over.title }) : t('“%(title)s” was called off.', { title: over.title }));
  byId<HTMLAnchorElement>('just-over-watch').href = `/watch/${over.session}`;
  show(byId('just-over-watch'), over.recording !== null);
}

async function checkChannel(): Promise<void> {
  const { channels } = await get<ChannelsView>('/api/v1/channels').catch((): ChannelsView => ({ channels: [] }));
  show(byId('incomplete'), channels.some((one) => !one.channel.complete));
}

function fail(words: string): void {
  setText(byId('broadcasts-failed'), words);
  show(byId('broadcasts-failed'), words !== '');
}
