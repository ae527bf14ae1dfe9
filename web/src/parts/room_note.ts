/** The note over the pictures: connecting, coming back, taken over by another tab, nobody else here yet. */

import { byId, setIcon, setText, show } from '../dom';
import type { Room } from '../room';
import { t } from '../text';

let act: (() => void) | null = null;

export function roomNote(room: Room, alone: string): void {
  const [head, text, picture] = words(room, alone);
  show(byId('stage-note'), head !== '');
  setText(byId('note-head'), head);
  setText(byId('note-text'), text);
  setIcon(byId('note-icon'), picture);
  byId('note-icon').classList.toggle('turning', picture === 'refresh');
  const isElsewhere = room.state === 'elsewhere' || room.state === 'full';
  const button = byId('note-act');
  show(button, isElsewhere);
  setText(button, room.state === 'full' ? t('Try again') : t('Go on here'));
  if (act) button.removeEventListener('click', act);
  act = () => void room.takeBack();
  button.addEventListener('click', act);
}

function words(room: Room, alone: string): [head: string, text: string, picture: string] {
  switch (room.state) {
    case 'joining': return [t('Connecting …'), '', 'refresh'];
    case 'reconnecting': return [t('Reconnecting …'), t('The line was interrupted. You come back by yourself.'), 'refresh'];
    case 'away': return [t('Back in a moment'), t('Picture and sound are being restarted. Please stay, it takes a few seconds.'), 'refresh'];
    case 'busy': return [t('We are full at the moment'), t('You come in by yourself as soon as there is room. Please stay.'), 'people'];
    case 'elsewhere': return [t('You are in this conversation in another tab'), t('Picture and sound run there.'), 'devices'];
    case 'full': return [t('All seats are taken'), t('Somebody has to leave before you can come in.'), 'people'];
    default: return [alone, '', 'person'];
  }
}
