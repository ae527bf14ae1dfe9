/** The recordings of a case, as links to their pages. */

import { el, icon } from '../dom';
import type { CaseView, RecordingProgress, RecordingRow } from '../messages';
import { duration, t, when } from '../text';

export function recordingLines(rows: readonly RecordingRow[], isAgent: boolean): HTMLElement[] {
  return rows.map((row) => el('li', {}, el('a', { class: 'recording-row', href: `/r/${row.id}`, target: isAgent ? '_blank' : null, rel: isAgent ? 'noopener' : null },
    el('span', { class: 'recording-icon' }, icon(row.state === 'failed' ? 'alert' : row.state === 'recording' ? 'record' : 'play')),
    el('span', { class: 'recording-words' }, el('strong', {}, t('Conversation of %(when)s', { when: when(new Date(row.started_at)) })), el('span', { class: 'small soft figures' }, stateWords(row, isAgent))))));
}

function stateWords(row: RecordingRow, isAgent: boolean): string {
  if (row.state === 'recording') return t('is running');
  if (row.state === 'failed') return t('failed');
  if (row.state === 'finishing') return row.progress === null ? t('is being finished') : t('is being finished: %(percent)s %', { percent: Math.round(100 * row.progress) });
  const length = t('%(length)s long', { length: duration(row.duration_s) });
  return isAgent && row.shared ? `${length} · ${t('shared with the customer')}` : length;
}

/** Whether this message changes what the case shows: a running recording says every two seconds how long it is. */
export function isNews(view: CaseView, told: RecordingProgress): boolean {
  const running = view.session?.recording?.id;
  if (told.state === 'recording') return running !== told.recording;
  if (running === told.recording) return true;
  const known = view.recordings.find((row) => row.id === told.recording);
  if (!known) return told.state === 'ready';
  return known.state !== told.state || Math.abs((told.progress ?? 0) - (known.progress ?? 0)) >= 0.1;
}
