/** A guest's link: swaps the secret for a cookie and goes to the conversation. */

import { isCode, post, Problem, sentence } from '../api';
import { byId, setText, show } from '../dom';
import type { LinkExchanged } from '../messages';
import { takeSecret } from '../page';
import { t } from '../text';

const secret = takeSecret(); // Kept while this page is open: whoever was offline at first tries again with it.
byId('failure-again').addEventListener('click', () => void open());

async function open(): Promise<void> {
  show(byId('opening'), true);
  show(byId('failure'), false);
  try {
    const found = await post<LinkExchanged>('/api/v1/links/exchange', { secret });
    if (!found.session) throw new Problem('session_ended', 409, t('This conversation is over.'));
    location.replace(`/s/${found.session}?as=visitor`);
  } catch (error) {
    const isBad = isCode(error, 'bad_link', 'session_ended');
    if (isCode(error, 'session_ended')) setText(byId('failure-head'), t('This conversation is over'));
    else setText(byId('failure-head'), isBad ? t('This link does not work (any more)') : t('That did not work'));
    show(byId('failure-ask'), isBad);
    show(byId('failure-again'), !isBad);
    setText(byId('failure-text'), sentence(error));
    setText(byId('failure-code'), error instanceof Problem ? t('For support: %(code)s', { code: error.code }) : '');
    show(byId('opening'), false);
    show(byId('failure'), true);
  }
}

void open();
