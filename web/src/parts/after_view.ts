/** After the call: what happened when, the chat, shared recordings, and how to come back. */

import { byId, setText, show } from '../dom';
import type { CaseView, Entry } from '../messages';
import { t } from '../text';
import { recordingLines } from './recordings_list';
import { fillTimeline, outcomeWords } from './timeline';

/** `canReturn`: the conversation still runs, and this person left it. */
export function renderAfter(view: CaseView, canReturn: boolean): void {
  const [head, text] = words(view, canReturn);
  setText(byId('after-head'), head);
  setText(byId('after-text'), text);
  show(byId('back-in'), canReturn);
  show(byId('queue-again'), !canReturn);
  byId('recordings').replaceChildren(...recordingLines(view.recordings, false));
  show(byId('after-recordings'), view.recordings.length > 0);
  show(byId('chat-form'), view.state !== 'closed');
}

export function renderTimeline(entries: readonly Entry[]): void {
  fillTimeline(byId('timeline'), entries);
}

function words(view: CaseView, canReturn: boolean): [head: string, text: string] {
  const agent = view.agent?.name;
  if (canReturn) return [t('You left the conversation'), t('It still runs. You can come back at any time.')];
  if (view.state === 'closed' && view.outcome === 'solved') return [t('Solved. Thank you, %(name)s!', { name: view.name }), t('Here you find everything about your case. If it comes back, talk to us again: this link stays yours.')];
  if (view.state === 'closed') return [t('Your case is closed'), [view.outcome ? outcomeWords(view.outcome) + '.' : '', t('You can open it again by talking to us again.')].filter(Boolean).join(' ')];
  return [t('Your case stays open'), agent ? t('%(agent)s goes on working on it. You can write here, or talk to us again.', { agent }) : t('You can write here, or talk to us again.')];
}
