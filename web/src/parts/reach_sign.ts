/** The desk's way to channel and reach. It says so when a channel comes near the limit of the law. */

import { get } from '../api';
import { byId, setText, show } from '../dom';
import type { ChannelsView } from '../messages';
import { amount, t } from '../text';

const AGAIN_MS = 15 * 60_000;

export async function keepReachSign(): Promise<void> {
  const found = await get<ChannelsView>('/api/v1/channels').catch(() => null);
  const worst = found?.channels.filter((one) => one.standing !== 'below').sort((one, other) => other.share - one.share)[0];
  if (found) {
    setText(byId('reach-sign'), worst ? t('Reach: %(percent)s %', { percent: amount(worst.share * 100) }) : '');
    show(byId('reach-sign'), Boolean(worst));
    byId('channel-link').title = worst ? t('%(name)s is near the limit of 20,000 simultaneous viewers', { name: worst.channel.name }) : '';
  }
  setTimeout(() => void keepReachSign(), AGAIN_MS);
}
