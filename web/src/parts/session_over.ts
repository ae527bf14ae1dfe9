/** The end of a session's page: what happened, instead of the pictures. */

import { byId, setText, show } from '../dom';

export function over(head: string, text: string): void {
  show(byId('loading'), false);
  document.getElementById('call')?.setAttribute('hidden', '');
  document.getElementById('work')?.setAttribute('hidden', '');
  document.body.classList.remove('in-call');
  setText(byId('over-head'), head);
  setText(byId('over-text'), text);
  show(byId('over'), true);
}
