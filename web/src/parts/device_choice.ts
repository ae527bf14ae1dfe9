/** The three lists from which people choose camera, microphone and loudspeaker. */

import type { Devices } from '../devices';
import { byId, el, show, toast } from '../dom';
import { t } from '../text';
import { refusalWords } from './refusal';

export function deviceChoice(devices: Devices): void {
  for (const kind of ['camera', 'microphone', 'speaker'] as const) {
    byId<HTMLSelectElement>(`choose-${kind}`).addEventListener('change', (event) => {
      void devices.choose(kind, (event.target as HTMLSelectElement).value).then((why) => { if (why && kind !== 'speaker') toast(refusalWords(kind, why)[0] ?? ''); });
    });
  }
  devices.on('list', () => void fill(devices));
  void fill(devices);
}

async function fill(devices: Devices): Promise<void> {
  const found = await devices.list();
  if (!document.getElementById('choose-camera')) return; // The page has turned meanwhile.
  const chosen = { camera: devices.chosen('camera'), microphone: devices.chosen('microphone'), speaker: devices.speaker };
  for (const kind of ['camera', 'microphone', 'speaker'] as const) {
    const list = byId<HTMLSelectElement>(`choose-${kind}`);
    list.replaceChildren(...found[kind].map((one, index) => el('option', { value: one.deviceId, selected: one.deviceId === chosen[kind] }, one.label || t('Device %(num)s', { num: index + 1 }))));
    show(byId(`choice-${kind}`), found[kind].length > 0);
  }
}
