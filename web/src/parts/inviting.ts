/** Guests on stage: a name, and a link made for it. */

import { post } from '../api';
import { byId, closable, show } from '../dom';
import type { LinkView } from '../messages';
import { shareLink } from './share_link';

/** `opener` opens the dialog; `made` is told when there is one link more. */
export function inviting(opener: HTMLElement, session: () => string | null, made: () => void): void {
  const dialog = closable(byId<HTMLDialogElement>('inviting'));
  const field = byId<HTMLInputElement>('invite-name');
  opener.addEventListener('click', () => { show(byId('invite-failed'), false); dialog.showModal(); });
  byId('invite-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = field.value.trim();
    if (!name) { field.focus(); return; }
    dialog.close();
    field.value = '';
    void shareLink('invitation', () => post<LinkView>(`/api/v1/sessions/${session()}/invitations`, { name, kind: 'guest' })).then(made);
  });
}
