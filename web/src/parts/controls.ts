/** The switches of one's own camera, microphone and screen. */

import { isPhone, type Devices, type Refusal } from '../devices';
import { announce, byId, closable, el, setIcon, show } from '../dom';
import { t } from '../text';
import { refusalWords } from './refusal';

export function controls(devices: Devices): void {
  byId('mic').addEventListener('click', () => void toggle(devices, 'microphone'));
  byId('camera').addEventListener('click', () => void toggle(devices, 'camera'));
  byId('flip').addEventListener('click', () => void devices.flip().then((why) => refused('camera', why)));
  byId('screen').addEventListener('click', () => void toggleScreen(devices));
  devices.on('change', () => render(devices));
  closable(byId<HTMLDialogElement>('refused'));
  render(devices);
}

async function toggle(devices: Devices, kind: 'microphone' | 'camera'): Promise<void> {
  if (devices.isOn(kind)) devices.stop(kind);
  else refused(kind, await devices.start(kind), () => void toggle(devices, kind));
  const on = devices.isOn(kind);
  announce(kind === 'microphone' ? (on ? t('Microphone is on') : t('Microphone is off')) : (on ? t('Camera is on') : t('Camera is off')));
}

async function toggleScreen(devices: Devices): Promise<void> {
  if (devices.isOn('screen')) devices.stop('screen');
  else {
    const why = await devices.shareScreen();
    if (why !== 'dismissed') refused('screen', why);
  }
}

function render(devices: Devices): void {
  set('mic', devices.isOn('microphone'), 'mic');
  set('camera', devices.isOn('camera'), 'camera');
  set('screen', devices.isOn('screen'), 'screen');
  byId('screen').classList.toggle('round-off', false);
  byId('screen').classList.toggle('round-on', devices.isOn('screen'));
  setIcon(byId('screen'), devices.isOn('screen') ? 'screen-off' : 'screen');
  show(byId('screen'), devices.canShareScreen);
  show(byId('flip'), isPhone() && devices.isOn('camera'));
}

function set(id: string, on: boolean, picture: string): void {
  const button = byId(id);
  button.setAttribute('aria-pressed', String(on));
  button.classList.toggle('round-off', !on);
  setIcon(button, on ? picture : `${picture}-off`);
}

/** Opens the dialog that says what to do; nothing when the device opened. */
export function refused(kind: 'microphone' | 'camera' | 'screen', why: Refusal | null, again: () => void = () => {}): void {
  if (!why || why === 'dismissed') return;
  const dialog = byId<HTMLDialogElement>('refused');
  byId('refused-text').replaceChildren(...refusalWords(kind, why).map((words) => el('p', {}, words)));
  byId('refused-again').onclick = () => { dialog.close(); again(); };
  show(byId('refused-again'), why !== 'insecure');
  dialog.showModal();
}
