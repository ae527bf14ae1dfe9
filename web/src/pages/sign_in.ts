/** Agents sign in: by e-mail and password, or once by a link, which then asks for a password. */

import { post, put, sentence } from '../api';
import { byId, setText, show, whileBusy } from '../dom';
import type { AgentView } from '../messages';
import { page, takeSecret } from '../page';
import { t } from '../text';

const next = page.next ?? '/desk';
const secret = takeSecret();

byId('sign-in').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('go'), signIn); });
byId('set-password').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('set'), setPassword); });
byId<HTMLAnchorElement>('later').setAttribute('href', next);
if (secret) void signInByLink();

async function signIn(): Promise<void> {
  show(byId('failed'), false);
  try {
    await post<AgentView>('/api/v1/sign-in', { email: byId<HTMLInputElement>('email').value.trim(), password: byId<HTMLInputElement>('password').value });
    location.assign(next);
  } catch (error) {
    fail(sentence(error));
    byId<HTMLInputElement>('password').select();
  }
}

async function signInByLink(): Promise<void> {
  try {
    const me = await post<AgentView>('/api/v1/sign-in/link', { secret });
    if (me.has_password) { location.assign(next); return; }
    setText(byId('welcome'), t('Welcome, %(name)s', { name: me.name }));
    byId<HTMLInputElement>('user').value = me.email;
    show(byId('sign-in'), false);
    show(byId('set-password'), true);
    byId('new-password').focus();
  } catch (error) {
    fail(sentence(error));
  }
}

async function setPassword(): Promise<void> {
  const place = byId('password-error');
  const password = byId<HTMLInputElement>('new-password').value;
  try {
    if (password.length < 12) throw new Error('short');
    await put<AgentView>('/api/v1/me/password', { password });
    location.assign(next);
  } catch (error) {
    setText(place.querySelector('span') as HTMLElement, password.length < 12 ? t('Please take at least twelve characters.') : sentence(error));
    show(place, true);
    byId('new-password').setAttribute('aria-invalid', 'true');
    byId('new-password').focus();
  }
}

function fail(words: string): void {
  setText(byId('failed').querySelector('p') as HTMLElement, words);
  show(byId('failed'), true);
}
