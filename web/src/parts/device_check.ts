/** While waiting: picture, level of the microphone, choice of devices, and help where something cannot be used. */

import { isPhone, listen, type Devices, type Refusal } from '../devices';
import { byId, el, setIcon, setText, show, whileBusy } from '../dom';
import { t } from '../text';
import { deviceChoice } from './device_choice';
import { refusalWords } from './refusal';

const KEPT = 'oase-part';
export type Part = 'all' | 'sound' | 'watch';

export class DeviceCheck {
  #stopListening: (() => void) | null = null;
  #listeningTo: MediaStreamTrack | undefined;
  #heard = false;
  #isOpen = true;

  /** `chosen`: told when somebody said what they want to use, or it is used already. */
  constructor(readonly devices: Devices, readonly chosen: (part: Part) => void = () => {}) {
    byId('check-on').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#take('all')));
    byId('check-sound').addEventListener('click', () => void this.#take('sound'));
    byId('check-watch').addEventListener('click', () => void this.#take('watch'));
    byId('check-mic').addEventListener('click', () => void this.#toggle('microphone'));
    byId('check-camera').addEventListener('click', () => void this.#toggle('camera'));
    byId('check-flip').addEventListener('click', () => void devices.flip());
    devices.on('change', () => this.#render());
    deviceChoice(devices);
  }

  /** After a reload, or where the browser allowed it before, devices open again without a click. */
  async resume(): Promise<void> {
    const part = sessionStorage.getItem(KEPT) as Part | null;
    if (part) await this.#take(part);
    else if (await isAllowed('camera') && await isAllowed('microphone')) await this.#take('all');
  }

  open(): void {
    this.#isOpen = true;
    this.#render();
  }

  /** Lets go of the microphone's level; the devices stay on for the call. */
  close(): void {
    this.#isOpen = false;
    this.#stop();
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    this.#listeningTo = undefined;
  }

  async #take(part: Part): Promise<void> {
    sessionStorage.setItem(KEPT, part);
    show(byId('check-ask'), false);
    show(byId('check-live'), true);
    show(byId('check-help'), false);
    if (part === 'all') this.#help(await this.devices.open());
    if (part === 'sound') this.#help({ microphone: await this.devices.start('microphone'), camera: null });
    this.#render();
    this.chosen(part);
  }

  async #toggle(kind: 'camera' | 'microphone'): Promise<void> {
    if (this.devices.isOn(kind)) this.devices.stop(kind);
    else this.#help({ camera: null, microphone: null, [kind]: await this.devices.start(kind) });
    sessionStorage.setItem(KEPT, this.devices.isOn('camera') ? 'all' : this.devices.isOn('microphone') ? 'sound' : 'watch');
  }

  #help(why: Record<'camera' | 'microphone', Refusal | null>): void {
    if (!document.getElementById('check-help')) return; // The page has turned meanwhile.
    const lines = [...new Set([...(why.camera ? refusalWords('camera', why.camera) : []), ...(why.microphone ? refusalWords('microphone', why.microphone) : [])])];
    const stay = why.camera && !why.microphone ? t('You can take part with sound only.') : lines.length ? t('You can take part all the same: watch, listen, and write in the chat.') : '';
    byId('check-help-text').replaceChildren(...[...lines, stay].filter(Boolean).map((words) => el('p', {}, words)));
    show(byId('check-help'), lines.length > 0);
  }

  #render(): void {
    if (!this.#isOpen) return;
    const { camera, microphone } = this.devices.tracks;
    const hasPicture = this.devices.isOn('camera');
    const video = byId<HTMLVideoElement>('check-video');
    const shown = video.srcObject instanceof MediaStream ? video.srcObject.getTracks()[0] : undefined;
    if (shown !== camera) video.srcObject = camera ? new MediaStream([camera]) : null;
    video.classList.toggle('mirrored', this.devices.facing === 'user');
    show(video, hasPicture);
    show(byId('check-off'), !hasPicture);
    this.#button('check-camera', hasPicture, 'camera', hasPicture ? t('Turn camera off') : t('Turn camera on'));
    this.#button('check-mic', this.devices.isOn('microphone'), 'mic', this.devices.isOn('microphone') ? t('Mute') : t('Turn microphone on'));
    show(byId('check-flip'), hasPicture && isPhone());
    this.#listenTo(microphone);
  }

  #button(id: string, on: boolean, picture: string, words: string): void {
    setIcon(byId(id), on ? picture : `${picture}-off`);
    byId(id).querySelector('.icon')?.classList.add('icon-s');
    setText(byId(id).querySelector('span') as HTMLElement, words);
  }

  #listenTo(track: MediaStreamTrack | undefined): void {
    if (!this.devices.isOn('microphone')) setText(byId('check-word'), t('Microphone is off'));
    else if (!this.#heard) setText(byId('check-word'), t('Say something …'));
    else setText(byId('check-word'), t('Your microphone works'));
    if (track === this.#listeningTo) return;
    this.#stop();
    this.#listeningTo = track;
    if (!track) return;
    const meter = byId<HTMLMeterElement>('check-level');
    this.#stopListening = listen(track, (loudness) => {
      meter.value = loudness;
      if (loudness > 0.45 && !this.#heard) { this.#heard = true; setText(byId('check-word'), t('Your microphone works')); }
    });
  }
}

async function isAllowed(name: 'camera' | 'microphone'): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state === 'granted';
  } catch {
    return false; // Firefox and Safari do not tell.
  }
}
